# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hwgen.reports.make_report import make_report
from hwgen.reports.report import Measure
from tests.reports.documents import documents, plan, synthesis


def test_predictions_stand_beside_measurements() -> None:
    report = make_report(documents())
    assert report.area["luts"] == Measure(5600, 5310)
    assert report.area["luts"].error == pytest.approx(290 / 5310)
    assert report.timing["latency"].error == 0
    conv2 = next(s for s in report.stages if s.name == "conv2")
    assert (conv2.area["dsps"], conv2.share, report.bottleneck) == (Measure(18, 18), 1.0, conv2)


def test_frames_a_second_follow_the_clock_that_was_reached() -> None:
    slow = replace(documents(), synthesis=synthesis() | {"fmax_mhz": 51.2})
    assert make_report(documents()).fps == pytest.approx(100e6 / 1024)
    assert make_report(slow).fps == pytest.approx(50_000)


def test_the_critical_path_names_the_users_nodes() -> None:
    steps = make_report(documents()).path
    assert [step.origin for step in steps] == [("block/conv",)] * 5
    assert steps[-1].stage == "conv2_requantize"


def test_a_wrapper_around_the_design_does_not_hide_the_stages() -> None:
    hop = {"kind": "logic", "delay_ns": 1.0, "cell": "harness.dut.fc.sum_0", "net": "shift_3"}
    report = make_report(replace(documents(), synthesis=synthesis() | {"critical_path": [hop]}))
    assert (report.path[0].stage, report.path[0].origin) == ("fc", ("fc",))


def test_what_was_not_run_is_said_and_not_guessed() -> None:
    report = make_report(replace(documents(), simulation=None, synthesis=None, exactness=None))
    assert report.notes == ("not simulated yet: hwgen sim", "not synthesized yet: hwgen report")
    assert report.to_json()["luts"] is None and report.to_json()["predicted"]["luts"] == 5600
    assert all(stage.area["luts"].measured is None for stage in report.stages)


def test_another_target_than_the_planned_one_has_no_prediction() -> None:
    other = synthesis() | {"target": "xcup", "fmax_mhz": None, "critical_path": []}
    report = make_report(replace(documents(), synthesis=other))
    assert report.area["luts"] == Measure(None, 5310)
    assert report.notes == (
        "no clock rate: xcup was synthesized, not placed and routed",
        "planned for ecp5-25k: no prediction for xcup",
    )


def test_the_document_holds_the_keys_that_others_rely_on() -> None:
    document = json.loads(json.dumps(make_report(documents()).to_json()))
    assert {"target", "luts", "ffs", "dsps", "brams", "fmax_mhz", "predicted"} <= document.keys()
    assert document["predicted"]["initiation_interval"] == plan()["timing"]["initiation_interval"]


def test_a_prediction_of_something_that_is_not_there_has_no_error_in_percent() -> None:
    assert (Measure(3, 0).error, Measure(0, 0).error, Measure(None, 3).error) == (None, 0.0, None)


def test_the_form_of_a_rounding_is_the_one_that_was_built() -> None:
    report = make_report(documents())
    rounded = [row for row in report.exactness if row.form]
    built = {stage["folding"]["form"] for stage in plan()["stages"].values()}
    assert rounded and all(row.form in built for row in rounded)
