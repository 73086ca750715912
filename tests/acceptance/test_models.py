# SPDX-License-Identifier: Apache-2.0
"""Real models from file to simulated Verilog: exact on every bit, and in every predicted cycle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hwgen.ir.serialize import read_graph
from tests.acceptance.record import MODELS, hwgen, note
from tests.lint import check_in_yosys, lint

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
    bundle = folder / name
    built = hwgen("build", model, "-o", bundle)
    simulated = hwgen("sim", bundle, "--samples", samples, "--backpressure", "random", "--raw").answer
    timing = {figure: simulated[figure] for figure in ("initiation_interval", "latency", "first_out")}
    rates = simulated["cycles_per_second"], simulated["raw_cycles_per_second"]
    stage, busy = busiest_array(bundle, timing["initiation_interval"]["measured"])
    figures = {
        "build_seconds": round(built.seconds, 1),
        "build_cpu_seconds": round(built.cpu_seconds, 1),
        "build_peak_mb": round(built.peak_mb),
        "target": built.answer["target"],
        **timing,
        "samples": simulated["samples"],
        "mismatches": simulated["mismatches"],
        "bottleneck_cycles": max(stage["cycles"] for stage in built.answer["stages"]),
        "busiest_array": stage,
        "busiest_array_share": round(busy, 4),
        "cycles_per_second": round(rates[0]),
        "raw_cycles_per_second": round(rates[1]),
        "rate_share": round(rates[0] / rates[1], 3),
    }
    note("models", name, figures)
    assert simulated["mismatches"] == 0
    assert all(cycles["measured"] == cycles["predicted"] for cycles in timing.values()), timing
    assert lint(bundle) == []
    check_in_yosys(bundle)
    assert built.cpu_seconds < 60 and built.peak_mb < 2000, figures  # on a quiet machine no more time than this passes
    assert rates[0] >= 0.25 * rates[1], figures
    assert busy >= 0.95 or stage not in bottlenecks(built.answer), figures


def busiest_array(bundle: Path, interval: int) -> tuple[str, float]:
    """The matrix stage whose multipliers work most of the time, and how much: multiplications a frame by what all of
    its multipliers could do in the measured interval. ("", 0) in a design without matrix stages."""
    graph, stages = read_graph(bundle), json.loads((bundle / "plan.json").read_text())["stages"]
    foldings = {name: s["folding"] for name, s in stages.items() if s["operator"] == "MatMul"}
    arrays = {name: f["group_lanes"] * f["pe"] * f["simd"] for name, f in foldings.items()}
    shares = {name: graph[name].op.macs(*graph[name].src) / (size * interval) for name, size in arrays.items()}
    return max(shares.items(), key=lambda share: share[1], default=("", 0.0))


def bottlenecks(built: dict[str, Any]) -> set[str]:
    """Names of the stages that take as many cycles a frame as any."""
    most = max(stage["cycles"] for stage in built["stages"])
    return {stage["name"] for stage in built["stages"] if stage["cycles"] == most}


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
