# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.synth.cells import is_stateful, resources_of
from hwgen.targets import Resources


@pytest.mark.parametrize(
    "family,cells,expected",
    [
        ("ecp5", {"LUT4": 3, "CCU2C": 2, "PFUMX": 1, "TRELLIS_FF": 5, "DP16KD": 1}, Resources(luts=7, ffs=5, brams=1)),
        ("ecp5", {"TRELLIS_COMB": 9, "MULT18X18D": 2, "TRELLIS_RAMW": 1}, Resources(luts=9, dsps=2)),
        ("ice40", {"SB_LUT4": 4, "SB_CARRY": 9, "SB_DFFESR": 2, "SB_MAC16": 1}, Resources(luts=4, ffs=2, dsps=1)),
        ("gowin", {"LUT2": 1, "ALU": 3, "MULT18X18": 1, "SPX9": 2, "DFFRE": 4}, Resources(4, 4, 2, 2)),
        ("xc7", {"LUT6": 2, "CARRY4": 5, "SRL16E": 1, "RAMB36E1": 1, "RAMB18E1": 1, "FDRE": 7}, Resources(3, 7, 0, 3)),
        ("xcup", {"RAM32M16": 2, "DSP48E2": 3, "BUFG": 1}, Resources(luts=16, dsps=3)),
        ("generic", {"LUT6": 1, "DSP48E1": 1}, Resources(luts=1, dsps=1)),
    ],
)
def test_cells_stand_for_resources(family: str, cells: dict[str, int], expected: Resources):
    assert resources_of(family, cells) == expected


def test_what_keeps_state_is_told_from_logic():
    stateful = ("TRELLIS_FF", "DP16KD", "SB_DFFE", "SB_MAC16", "FDRE", "RAM32M", "TRELLIS_DPR16X4", "MULT9X9", "SPX9")
    assert all(is_stateful(cell) for cell in stateful)
    assert not any(is_stateful(cell) for cell in ("LUT4", "CCU2C", "PFUMX", "ALU", "SB_CARRY", "MUXF7"))
