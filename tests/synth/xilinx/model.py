# SPDX-License-Identifier: Apache-2.0
"""Proofs that a file on DSP blocks computes what the generic one does: with Yosys' own model of the DSP48E1, and with a small
one of the DSP48E2, of which it has none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import hwgen
from hwgen.tools.yosys import run_yosys

_PACKAGE = Path(hwgen.__file__).parent
FAMILIES = ("xc7", "xcup")

# What the mapping uses of a DSP48E2, and what would show that it uses it wrongly: registers where their parameter is not 0,
# clock enables and resets, the choice of X and Y (product or nothing) and of Z (nothing, PCIN, P or C).
_DSP48E2 = """
module DSP48E2 (input CLK, input [29:0] A, input [17:0] B, input [47:0] C, input [26:0] D, input [47:0] PCIN,
                input [8:0] OPMODE, input [3:0] ALUMODE, input [4:0] INMODE, input CARRYIN, input [2:0] CARRYINSEL,
                input CEA1, CEA2, CEB1, CEB2, CEM, CEP, CEAD, CEALUMODE, CEC, CECARRYIN, CECTRL, CED, CEINMODE,
                input RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
                input [29:0] ACIN, input [17:0] BCIN, input CARRYCASCIN, MULTSIGNIN,
                output [47:0] P, output [47:0] PCOUT);
    parameter ACASCREG = 1, AREG = 1, BCASCREG = 1, BREG = 1, MREG = 1, PREG = 1, ADREG = 1, CREG = 1, DREG = 1;
    parameter ALUMODEREG = 1, CARRYINREG = 1, CARRYINSELREG = 1, INMODEREG = 1, OPMODEREG = 1;
    parameter USE_MULT = "MULTIPLY", AMULTSEL = "A", BMULTSEL = "B";
    reg [26:0] a_q = 0;
    reg [17:0] b_q = 0;
    reg [44:0] m_q = 0;
    reg [47:0] p_q = 0, c_q = 0;
    reg [8:0] opmode_q = 0;
    wire signed [26:0] a = AREG == 0 ? A[26:0] : a_q;
    wire signed [17:0] b = BREG == 0 ? B : b_q;
    wire signed [44:0] product = a * b;
    wire signed [44:0] m = MREG == 0 ? product : m_q;
    wire [47:0] c = CREG == 0 ? C : c_q;
    wire [8:0] opmode = OPMODEREG == 0 ? OPMODE : opmode_q;
    wire [47:0] xy = opmode[3:0] == 4'b0101 ? {{3{m[44]}}, m} : 48'd0;
    wire [47:0] z = opmode[6:4] == 1 ? PCIN : opmode[6:4] == 2 ? p_q : opmode[6:4] == 3 ? c : 48'd0;
    wire [47:0] w = opmode[8:7] == 1 ? p_q : opmode[8:7] == 3 ? c : 48'd0;
    wire [47:0] p = w + z + xy + CARRYIN;
    assign P = PREG == 0 ? p : p_q;
    assign PCOUT = P;
    always @(posedge CLK) begin
        if (RSTA) a_q <= 0; else if (AREG == 1 ? CEA2 : CEA1 & CEA2) a_q <= A[26:0];
        if (RSTB) b_q <= 0; else if (BREG == 1 ? CEB2 : CEB1 & CEB2) b_q <= B;
        if (RSTM) m_q <= 0; else if (CEM) m_q <= product;
        if (RSTP) p_q <= 0; else if (CEP) p_q <= p;
        if (RSTC) c_q <= 0; else if (CEC) c_q <= C;
        if (RSTCTRL) opmode_q <= 0; else if (CECTRL) opmode_q <= OPMODE;
    end
endmodule
"""
_MODEL = {"xc7": "+/xilinx/cells_sim.v", "xcup": "dsp48e2.v"}


def mapped(name: str, family: str) -> str:
    """The text of the file that replaces the module `name`."""
    return (_PACKAGE / "synth" / family / f"{name}.v").read_text()


def prove_equal(name: str, family: str, text: str, parameters: Mapping[str, int], cycles: int, folder: Path) -> None:
    """Ends with an error of Yosys if `text` and the generic module `name` ever differ, once what their registers start with is
    out of them, which takes `cycles`."""
    generic = (_PACKAGE / "hdl" / "verilog" / f"{name}.v").read_text()
    for file, content in (("dsp48e2.v", _DSP48E2), ("mapped.v", text), ("generic.v", generic)):
        (folder / file).write_text(content)
    sizes = " ".join(f"-set {key} {value}" for key, value in parameters.items())

    def read(files: str, as_name: str) -> list[str]:
        steps = (
            f"read_verilog {files}",
            f"chparam {sizes} {name}",
            f"hierarchy -check -top {name}",
            "proc",
            "flatten",
            "opt",
        )
        return [*steps, "setundef -zero", f"rename -top {as_name}", f"design -stash {as_name}"]

    run_yosys(
        [
            *read("generic.v", "gold"), *read(f"mapped.v {_MODEL[family]}", "gate"), "design -copy-from gold -as gold gold",
            "design -copy-from gate -as gate gate", "miter -equiv -flatten gold gate miter", "hierarchy -top miter",
            "opt -full", "wreduce", "opt -full",
            f"sat -verify -prove trigger 0 -prove-skip {cycles} -seq {cycles + 2} -set-def-inputs miter",
        ],
        cwd=folder,
        deadline_seconds=120,
    )  # fmt: skip
