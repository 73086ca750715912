# SPDX-License-Identifier: Apache-2.0
"""The fastest plans that fit, placed and routed on ECP5-85k: clock, and area against its prediction."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.record import MODELS, ROOT, hwgen, note

DESIGNS = {
    "digits_cnn": ROOT / "examples" / "digits_cnn.onnx",
    "kws_dscnn_pruned.qdq_u8s8_perchannel": MODELS / "kws_dscnn_pruned.qdq_u8s8_perchannel.onnx",
    "mlperf_ic_resnet8_int8": MODELS / "mlperf_ic_resnet8_int8.onnx",
}

pytestmark = pytest.mark.acceptance


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_meets_its_clock_and_its_predicted_area(name: str, tmp_path: Path) -> None:
    if not DESIGNS[name].exists():
        pytest.skip("the third-party models are not beside this checkout")
    hwgen("build", DESIGNS[name], "-o", tmp_path / name)
    report = hwgen("report", tmp_path / name).answer
    errors = {
        kind: round(report["predicted"][kind] / report[kind] - 1, 3)
        for kind in ("luts", "ffs", "dsps", "brams")
        if report[kind]
    }
    measured = {kind: report[kind] for kind in ("luts", "ffs", "dsps", "brams", "fmax_mhz")}
    note("place_and_route", name, {**measured, "predicted": report["predicted"], "error": errors})
    assert report["fmax_mhz"] >= 100
    assert all(abs(error) <= 0.15 for error in errors.values()), errors
