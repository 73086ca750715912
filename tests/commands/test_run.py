# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tests.commands.conftest import EXAMPLES, MLP, Run

SAMPLES = EXAMPLES / "digits_mlp.npz"


def test_the_golden_model_recognizes_the_digits(run: Run, tmp_path: Path) -> None:
    code, text, _ = run("run", MLP, "--inputs", SAMPLES, "-o", tmp_path / "y.npz", "--compare", "none")
    assert code == 0 and text.endswith(f'{tmp_path / "y.npz"}: "logits" for 32 samples\n')
    answers = np.load(tmp_path / "y.npz")["logits"].reshape(32, 10).argmax(1)
    assert np.mean(answers == np.load(SAMPLES)["labels"]) > 0.8


def test_power_of_two_scales_leave_no_difference(run: Run) -> None:
    model = EXAMPLES / "digits_cnn_po2.onnx"
    code, document, _ = run("run", model, "--inputs", model.with_suffix(".npz"), json=True)
    assert (code, document["samples"], document["top1_agreement"]) == (0, 32, 1.0)
    assert sum(node["compared"] for node in document["nodes"]) > 30_000
    assert all(node["different"] == node["max_lsb"] == node["ties"] == 0 for node in document["nodes"])
    assert {"conv1", "conv2", "fc"} <= {node["name"] for node in document["nodes"]}


def test_an_engine_that_cannot_run_the_file_is_named(run: Run) -> None:
    code, _, error = run("run", MLP, "--inputs", SAMPLES, "--compare", "reference")  # knows Q and DQ from opset 19 on
    assert code == 1 and "error: reference on digits_mlp.onnx: the engine cannot run the model" in error


def test_the_comparison_can_be_kept_for_the_report_of_a_bundle(run: Run, bundle: Path) -> None:
    code, _, error = run("run", MLP, "--inputs", SAMPLES, "--bundle", bundle)
    assert code == 0, error
    kept = json.loads((bundle / "reports/run.json").read_text())
    assert kept["schema_version"] == 1 and len(kept["nodes"]) == 3 and kept["oracle"].startswith("onnxruntime ")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--inputs", "missing.npz"], "error: missing.npz: the samples cannot be read"),
        (["--inputs", SAMPLES, "--compare", "tflite"], "error: --compare: there is no such engine"),
        (["--inputs", SAMPLES, "-o", "/proc/y.npz"], "error: /proc/y.npz: the outputs cannot be written"),
    ],
)
def test_what_cannot_be_read_or_written_is_said(run: Run, words: list, message: str) -> None:
    code, _, error = run("run", MLP, *words)
    assert code == 1 and message in error


def test_a_cut_that_starts_inside_is_computed_but_not_compared(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.arange(64, dtype=np.uint8).reshape(2, 1, 32))
    tensor = "active1_QuantizeLinear_Output"
    code, document, _ = run("run", MLP, "--from", tensor, "--inputs", tmp_path / "x.npz", json=True)
    assert (code, document["nodes"], document["top1_agreement"]) == (0, [], None)
    assert document["notes"][-1] == "not compared: the engine cannot start at --from"
