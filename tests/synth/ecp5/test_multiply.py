# SPDX-License-Identifier: Apache-2.0
"""hwgen_multiply on an ECP5 DSP block, proved by Yosys against the generic file and a small model of the block."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hwgen
from hwgen.tools.process import ToolFailed
from hwgen.tools.yosys import run_yosys

_PACKAGE = Path(hwgen.__file__).parent
GENERIC = (_PACKAGE / "hdl" / "verilog" / "hwgen_multiply.v").read_text()
MAPPED = (_PACKAGE / "synth" / "ecp5" / "hwgen_multiply.v").read_text()


def _bits(name: str, count: int) -> str:
    return ", ".join(f"{name}{k}" for k in reversed(range(count)))


# Registers are there where their clock is not NONE; the sign inputs say how an operand is widened.
_MODEL = f"""
module MULT18X18D (input {_bits("A", 18)}, {_bits("B", 18)}, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB, CLK0, CE0, RST0,
                   output {_bits("P", 36)});
    parameter REG_INPUTA_CLK = "NONE", REG_INPUTB_CLK = "NONE", REG_PIPELINE_CLK = "NONE", REG_OUTPUT_CLK = "NONE";
    parameter SOURCEB_MODE = "B_SHIFT", GSR = "ENABLED";
    wire [17:0] a_in = {{{_bits("A", 18)}}}, b_in = {{{_bits("B", 18)}}};
    reg [17:0] a_q = 0, b_q = 0;
    reg [35:0] product_q = 0, p_q = 0;
    wire [17:0] a = REG_INPUTA_CLK == "NONE" ? a_in : a_q, b = REG_INPUTB_CLK == "NONE" ? b_in : b_q;
    wire signed [35:0] product = $signed({{SIGNEDA & a[17], a}}) * $signed({{SIGNEDB & b[17], b}});
    wire [35:0] piped = REG_PIPELINE_CLK == "NONE" ? product : product_q;
    assign {{{_bits("P", 36)}}} = REG_OUTPUT_CLK == "NONE" ? piped : p_q;
    always @(posedge CLK0) if (RST0) begin
        a_q <= 0; b_q <= 0; product_q <= 0; p_q <= 0;
    end else if (CE0) begin
        a_q <= a_in; b_q <= b_in; product_q <= product; p_q <= piped;
    end
endmodule
"""


def _prove_equal(mapped: str, a_width: int, b_width: int, folder: Path) -> None:
    """Ends with an error of Yosys if the two multipliers ever differ, from all registers at zero."""
    (folder / "model.v").write_text(_MODEL)
    (folder / "mapped.v").write_text(mapped)
    (folder / "generic.v").write_text(GENERIC)

    def read(files: str, name: str) -> list[str]:
        widths = f"chparam -set A_WIDTH {a_width} -set B_WIDTH {b_width} hwgen_multiply"
        steps = (f"read_verilog {files}", widths, "hierarchy -check -top hwgen_multiply", "proc", "flatten", "opt")
        return [*steps, f"rename -top {name}", f"design -stash {name}"]

    run_yosys(
        [
            *read("generic.v", "gold"), *read("mapped.v model.v", "gate"), "design -copy-from gold -as gold gold",
            "design -copy-from gate -as gate gate", "miter -equiv -flatten gold gate miter", "hierarchy -top miter",
            "opt -full", "wreduce", "opt -full", "sat -verify -tempinduct -prove trigger 0 -set-init-zero -maxsteps 6 miter",
        ],
        cwd=folder,
        deadline_seconds=60,
    )  # fmt: skip


@pytest.mark.parametrize("a_width,b_width", [(1, 1), (2, 3), (4, 4), (5, 3)])
def test_the_block_computes_the_signed_product_two_cycles_later(a_width: int, b_width: int, tmp_path: Path):
    _prove_equal(MAPPED, a_width, b_width, tmp_path)


@pytest.mark.parametrize(
    "right,wrong",
    [
        (".SIGNEDA(1'b1)", ".SIGNEDA(1'b0)"),
        ('.REG_OUTPUT_CLK("CLK0")', '.REG_OUTPUT_CLK("NONE")'),
        ('.REG_PIPELINE_CLK("NONE")', '.REG_PIPELINE_CLK("CLK0")'),
        (".CE0(1'b1)", ".CE0(1'b0)"),
    ],
)
def test_the_proof_notices(right: str, wrong: str, tmp_path: Path):
    assert right in MAPPED
    with pytest.raises(ToolFailed):
        # At full width, where the sign is that of the block.
        _prove_equal(MAPPED.replace(right, wrong).replace("= a;", "= $unsigned(a);"), 3, 3, tmp_path)


def test_every_pin_of_the_block_is_connected_in_order():
    for port, bus, count in (("A", "a_wide", 18), ("B", "b_wide", 18), ("P", "product", 36)):
        found = re.findall(rf"\.{port}(\d+)\({bus}\[(\d+)\]\)", MAPPED)
        assert found == [(str(k), str(k)) for k in range(count)]
