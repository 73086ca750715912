# SPDX-License-Identifier: Apache-2.0
"""Every file of the folder of real models: hardware that equals golden, or a refusal that says all of the reason."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.acceptance.record import MODELS, ROOT, hwgen, note
from tests.acceptance.test_models import SAMPLES

HARDWARE = {
    "espcn_w4a4_nnresize.qonnx": 1,
    "kws_dscnn_pruned.qoperator_u8s8": 4,
    "kws_mlp_w3a3.qonnx": 4,
    "mnist_convinteger_u8": 4,
    "nemo_eegnet_1d_int8": 2,
    "nemo_frontnet_int8": 1,
    "nemo_tcn_1d_int8": 4,
    "ort_conv_int4_weights_qdq": 8,
    "tfc_1w1a.qonnx": 8,
    "tfc_2w2a.qonnx": 8,
    "tfc_w1a1.finn": 8,
    "torch_quantized_mlp_qdq": 8,
}
"""Samples to simulate; those of `SAMPLES` have a test of their own."""
FLOAT = {"mnist8_float": "s8", "kws_dscnn_pruned_float": "u8s8-per-channel"}
"""Nets of MatMul, Conv and Gemm, with the style in which they are quantized first."""
REFUSED: dict[str, tuple[str, ...]] = {
    "dtln_stage1_lstm_float": ("LSTM", "not quantized"),
    "ort_gpt2_one_layer_float": ("not quantized",),
    "ort_whisper_encoder_attention_float": ("not quantized",),
    "tract_qlstm_scan_int8": ("Scan",),
}
"""Words that the list of blockers has: recurrent, or float operators around which nothing is quantized."""
SHAPES = {"ort_gpt2_one_layer_float": ("--shape", "input_ids=1,8")}
TOO_LARGE = "mobilenetv2_qdq_int8"

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not MODELS.is_dir(), reason="the third-party models are not beside this checkout"),
]


def test_every_file_is_on_a_list() -> None:
    listed = {*HARDWARE, *SAMPLES, *FLOAT, *REFUSED, TOO_LARGE}
    assert {path.name.removesuffix(".onnx") for path in MODELS.glob("*.onnx")} == listed


@pytest.mark.parametrize("name", HARDWARE)
def test_it_becomes_hardware_that_equals_golden(name: str, tmp_path: Path) -> None:
    flow(name, MODELS / f"{name}.onnx", HARDWARE[name], tmp_path)


@pytest.mark.parametrize("name", FLOAT)
def test_a_float_net_becomes_hardware_once_quantized(name: str, tmp_path: Path) -> None:
    assert any("not quantized" in b["what"] for b in blockers(name))
    model = tmp_path / f"{name}.onnx"
    samples = MODELS / f"{name}.npz"
    hwgen("quantize", MODELS / f"{name}.onnx", "--calib", samples, "--style", FLOAT[name], "-o", model)
    flow(name, model, 4, tmp_path)


def flow(name: str, model: Path, samples: int, folder: Path) -> None:
    """Builds and simulates: no bit and no cycle may differ."""
    built = hwgen("build", model, "-o", folder / name)
    simulated = hwgen("sim", folder / name, "--samples", samples, "--backpressure", "random").answer
    timing = {figure: simulated[figure] for figure in ("initiation_interval", "latency", "first_out")}
    figures = {"target": built.answer["target"], "samples": samples, "mismatches": simulated["mismatches"], **timing}
    note("every_model", name, {**figures, "build_cpu_seconds": round(built.cpu_seconds, 1)})
    assert simulated["mismatches"] == 0
    assert all(cycles["measured"] == cycles["predicted"] for cycles in timing.values()), timing


def blockers(name: str) -> list[dict[str, Any]]:
    """What `hwgen check` says about a model that it refuses."""
    command = [sys.executable, "-m", "hwgen", "check", str(MODELS / f"{name}.onnx"), *SHAPES.get(name, ()), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)["blockers"]
    return found


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_for_what_it_is(name: str) -> None:
    found = blockers(name)
    words = [f"{b['op']}: {b['what']}" for b in found]
    note("every_model", name, {"refused": words})
    assert all(any(word in line for line in words) for word in REFUSED[name]), words
    assert all(b["fix"] and b["where"] for b in found)


def test_what_fits_nowhere_runs_and_says_what_binds(tmp_path: Path) -> None:
    """MobileNetV2: golden equals the reference vectors in the largest entry; no device of the list is large enough."""
    model, vectors = MODELS / f"{TOO_LARGE}.onnx", MODELS / f"{TOO_LARGE}.npz"
    targets = {t["target"]: t for t in hwgen("check", model).answer["targets"]}
    assert not targets["ecp5-85k"]["fits"] and targets["generic"]["fits"]
    assert targets["ecp5-85k"]["binds"] in ("brams", "luts")
    with np.load(vectors) as published:
        scores = published["out_noopt_scores"]
    hwgen("run", model, "--inputs", vectors, "--compare", "none", "-o", tmp_path / "y.npz")
    with np.load(tmp_path / "y.npz") as ours:
        (golden,) = (ours[name] for name in ours.files)
    note("every_model", TOO_LARGE, {"binds": targets["ecp5-85k"]["binds"], "top1": int(golden.argmax())})
    assert golden.argmax() == scores.argmax()
