# SPDX-License-Identifier: Apache-2.0
"""The generic file and the one for ECP5, by SAT over all inputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.tools.yosys import run_yosys
from tests.architecture.sources import ROOT

GENERIC = ROOT / "hwgen" / "hdl" / "verilog" / "hwgen_add_subtract.v"
ECP5 = ROOT / "hwgen" / "synth" / "ecp5" / "hwgen_add_subtract.v"


PLAIN = """
module gold #(parameter WIDTH = 8) (input subtract, input [WIDTH-1:0] a, b, output [WIDTH-1:0] y);
    assign y = subtract ? a - b : a + b;
endmodule
"""


@pytest.mark.parametrize("file", [GENERIC, ECP5], ids=["generic", "ecp5"])
@pytest.mark.parametrize("width", [1, 4, 7])
def test_it_adds_and_subtracts(file: Path, width: int, tmp_path: Path) -> None:
    (tmp_path / "gold.v").write_text(PLAIN)
    (tmp_path / "gate.v").write_text(file.read_text().replace("module hwgen_add_subtract", "module gate"))
    log = run_yosys(
        [
            "read_verilog -overwrite +/lattice/cells_sim_ecp5.v", "read_verilog gold.v gate.v",
            f"chparam -set WIDTH {width} gold", f"chparam -set WIDTH {width} gate",
            "hierarchy", "proc", "flatten gate", "opt_clean",
            "miter -equiv -flatten gold gate miter", "sat -verify -prove trigger 0 miter",
        ],
        cwd=tmp_path,
    )  # fmt: skip
    assert "SUCCESS" in log
