# SPDX-License-Identifier: Apache-2.0
"""The fastest plans that fit, placed and routed on ECP5-85k: clock, and area against its prediction."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.record import MODELS, ROOT, hwgen, note

DESIGNS = {
    "digits_cnn": ROOT / "examples" / "digits_cnn.onnx",
    "kws_dscnn_pruned.qdq_u8s8_perchannel": MODELS / "kws_dscnn_pruned.qdq_u8s8_perchannel.onnx",
    "mlperf_ic_resnet8_int8": MODELS / "mlperf_ic_resnet8_int8.onnx",
}
SEEDS = (1, 2, 3)

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_meets_its_clock_and_its_predicted_area(name: str, tmp_path: Path) -> None:
    if not DESIGNS[name].exists():
        pytest.skip("the third-party models are not beside this checkout")
    hwgen("build", DESIGNS[name], "-o", tmp_path / name)
    for last in SEEDS:  # one more seed each time; what was placed once lies in the cache
        seeds = [word for seed in range(1, last + 1) for word in ("--seed", seed)]
        report = hwgen("report", tmp_path / name, *seeds).answer
        note("place_and_route", name, _figures(report))
    errors = _figures(report)["error"]
    assert report["fmax_mhz"] >= 100
    assert all(abs(error) <= 0.15 for error in errors.values()), errors


def _figures(report: dict[str, Any]) -> dict[str, Any]:
    kinds = ("luts", "ffs", "dsps", "brams")
    placed = report["place_and_route"]
    return {
        **{kind: report[kind] for kind in (*kinds, "fmax_mhz", "frames_per_second")},
        "fmax_by_seed": placed["fmax_by_seed"],
        "cpu_seconds_by_seed": placed["cpu_seconds_by_seed"],
        "predicted": {kind: report["predicted"][kind] for kind in kinds},
        "error": {kind: round(report["predicted"][kind] / report[kind] - 1, 3) for kind in kinds if report[kind]},
    }
