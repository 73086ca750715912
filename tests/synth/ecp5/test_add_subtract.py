# SPDX-License-Identifier: Apache-2.0
"""The file for ECP5 against the generic one, by SAT over all inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.tools.yosys import run_yosys
from tests.architecture.sources import ROOT

GENERIC = ROOT / "hwgen" / "hdl" / "verilog" / "hwgen_add_subtract.v"
ECP5 = ROOT / "hwgen" / "synth" / "ecp5" / "hwgen_add_subtract.v"


@pytest.mark.parametrize("width", [1, 4, 7])
def test_the_carry_chain_of_ecp5_adds_and_subtracts(width: int, tmp_path: Path) -> None:
    (tmp_path / "generic.v").write_text(GENERIC.read_text().replace("module hwgen_add_subtract", "module gold"))
    (tmp_path / "ecp5.v").write_text(ECP5.read_text().replace("module hwgen_add_subtract", "module gate"))
    log = run_yosys(
        [
            "read_verilog -overwrite +/lattice/cells_sim_ecp5.v", "read_verilog generic.v ecp5.v",
            f"chparam -set WIDTH {width} gold", f"chparam -set WIDTH {width} gate",
            "hierarchy", "proc", "flatten gate", "opt_clean",
            "miter -equiv -flatten gold gate miter", "sat -verify -prove trigger 0 miter",
        ],
        cwd=tmp_path,
    )  # fmt: skip
    assert "SUCCESS" in log
