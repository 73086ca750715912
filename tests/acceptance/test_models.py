# SPDX-License-Identifier: Apache-2.0
"""Real models from file to simulated Verilog: exact on every bit, and in every predicted cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.record import MODELS, hwgen, note, peak_megabytes

SAMPLES = {
    "mlperf_ad_autoencoder_int8": 8,
    "mlperf_kws_dscnn_int8": 8,
    "mlperf_ic_resnet8_int8": 8,
    "kws_dscnn_pruned.qdq_u8s8_perchannel": 8,
    "ort_residual_u8u8_qdq": 2,
    "ort_conv_maxpool_s8_qdq": 8,
    "ort_resize_concat_slice_qdq": 8,
}
STYLES = ("s8", "u8s8-per-channel", "s8-symmetric")

pytestmark = [
    pytest.mark.acceptance,
    pytest.mark.skipif(not MODELS.is_dir(), reason="the third-party models are not beside this checkout"),
]


def check_flow(name: str, model: Path, samples: int, folder: Path) -> None:
    """Builds and simulates one model, notes the figures, and asserts what is promised of each."""
    built, seconds = hwgen("build", model, "-o", folder / name)
    simulated, _ = hwgen("sim", folder / name, "--samples", samples, "--backpressure", "random")
    note(
        "models",
        name,
        {
            "build_seconds": round(seconds, 1),
            "build_peak_mb": round(peak_megabytes()),
            "target": built["target"],
            "initiation_interval": simulated["initiation_interval"],
            "latency": simulated["latency"],
            "first_out": simulated["first_out"],
            "samples": simulated["samples"],
            "mismatches": simulated["mismatches"],
            "bottleneck_cycles": max(stage["cycles"] for stage in built["stages"]),
        },
    )
    assert simulated["mismatches"] == 0
    for figure in ("initiation_interval", "latency", "first_out"):
        assert simulated[figure]["measured"] == simulated[figure]["predicted"], figure


@pytest.mark.parametrize("name", SAMPLES)
def test_a_real_model_is_exact_in_bits_and_cycles(name: str, tmp_path: Path) -> None:
    check_flow(name, MODELS / f"{name}.onnx", SAMPLES[name], tmp_path)


@pytest.mark.parametrize("style", STYLES)
def test_mnist_quantized_by_onnxruntime_is_exact_in_bits_and_cycles(style: str, tmp_path: Path) -> None:
    model = tmp_path / f"mnist8_{style}.onnx"
    hwgen(
        "quantize", MODELS / "mnist8_float.onnx", "--calib", MODELS / "mnist8_float.npz", "--style", style, "-o", model
    )
    check_flow(f"mnist8_{style}", model, 8, tmp_path)
