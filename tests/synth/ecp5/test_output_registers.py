# SPDX-License-Identifier: Apache-2.0
"""The rewriting of block RAM registers, proved by Yosys against a small model of the DP16KD."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from hwgen.synth.ecp5.output_registers import use_output_registers
from hwgen.tools.process import ToolFailed
from hwgen.tools.yosys import run_yosys
from tests.synth.designs import PRIMITIVES

_DESIGN = """
module top (input clk, input [10:0] address, input we, input [7:0] d, output [31:0] wide, output [7:0] deep, output [7:0] both);
    hwgen_memory #(.WIDTH(32), .DEPTH(128), .ADDRESS_WIDTH(7), .STYLE("block"), .OUTPUT_REGISTER(1), .WRITABLE(1))
        m_wide (.clk(clk), .read_address(address[6:0]), .read_data(wide), .write_enable(we), .write_address(address[7:1]),
                .write_data({4{d}}));
    hwgen_memory #(.WIDTH(8), .DEPTH(2048), .ADDRESS_WIDTH(11), .STYLE("block"), .OUTPUT_REGISTER(1), .WRITABLE(1))
        m_deep (.clk(clk), .read_address(address), .read_data(deep), .write_enable(we), .write_address(~address),
                .write_data(d));
    wire [7:0] early;
    reg [7:0] late;
    hwgen_memory #(.WIDTH(8), .DEPTH(2048), .ADDRESS_WIDTH(11), .STYLE("block"), .WRITABLE(1))
        m_both (.clk(clk), .read_address(address), .read_data(early), .write_enable(we), .write_address(~address),
                .write_data(d));
    always @(posedge clk) late <= early;
    assign both = late ^ early;
endmodule
"""
# The contents are a function of the address: what is proved is where the registers are, not what the memory holds.
_MODEL = """
module DP16KD (%(ports)s);
    parameter REGMODE_A = "NOREG", REGMODE_B = "NOREG", WIDE = 0;
    input %(inputs)s;
    output %(outputs)s;
    wire clock_a = WIDE ? CLKB : CLKA;
    wire [13:0] in_a = WIDE ? {%(adb)s} : {%(ada)s};
    reg [17:0] word_a = 0, word_b = 0, again_a = 0, again_b = 0;
    always @(posedge clock_a) begin word_a <= {in_a, 4'b0} ^ (in_a << 1); again_a <= word_a; end
    always @(posedge CLKB) begin word_b <= {%(adb)s} ^ 18'h155; again_b <= word_b; end
    assign {%(doa)s} = REGMODE_A == "OUTREG" ? again_a : word_a;
    assign {%(dob)s} = REGMODE_B == "OUTREG" ? again_b : word_b;
endmodule
module LUT4 (input A, B, C, D, output Z);
    parameter [15:0] INIT = 0;
    assign Z = INIT[{D, C, B, A}];
endmodule
module TRELLIS_FF (input CLK, LSR, DI, output reg Q);
    parameter CEMUX = "1", CLKMUX = "CLK", GSR = "DISABLED", LSRMUX = "LSR", REGSET = "RESET", SRMODE = "";
    initial Q = 0;
    always @(posedge CLK) Q <= DI;
endmodule
"""


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("mapped")
    (folder / "top.v").write_text(_DESIGN)
    (folder / "hwgen_memory.v").write_text(next(f for f in PRIMITIVES if f.name == "hwgen_memory.v").read_text())
    run_yosys(
        ["read_verilog top.v hwgen_memory.v", "synth_ecp5 -top top", "select top", "write_json -selected top.json"],
        cwd=folder,
    )
    return json.loads((folder / "top.json").read_text())["modules"]["top"]


def _rams(module: dict[str, Any]) -> dict[str, Any]:
    return {name: cell for name, cell in module["cells"].items() if cell["type"] == "DP16KD"}


def _registers(module: dict[str, Any]) -> int:
    return sum(cell["type"] == "TRELLIS_FF" for cell in module["cells"].values())


def _model(module: dict[str, Any]) -> str:
    directions = next(iter(_rams(module).values()))["port_directions"]

    def bus(prefix: str, width: int) -> str:
        return ", ".join(f"{prefix}{k}" for k in reversed(range(width)))

    return _MODEL % {
        "ports": ", ".join(directions),
        "inputs": ", ".join(port for port, way in directions.items() if way == "input"),
        "outputs": ", ".join(port for port, way in directions.items() if way == "output"),
        "ada": bus("ADA", 14), "adb": bus("ADB", 14), "doa": bus("DOA", 18), "dob": bus("DOB", 18),
    }  # fmt: skip


def _for_model(module: dict[str, Any], folder: Path, name: str) -> None:
    """Write the netlist with the parameters that the model knows."""
    module = copy.deepcopy(module)
    for cell in _rams(module).values():
        wide = int(cell["parameters"]["DATA_WIDTH_A"], 2) == 36
        cell["parameters"] = {side: cell["parameters"][side] for side in ("REGMODE_A", "REGMODE_B")} | {
            "WIDE": int(wide)
        }
    (folder / f"{name}.json").write_text(json.dumps({"modules": {name: module}}))


def _prove_equal(gold: dict[str, Any], gate: dict[str, Any], folder: Path) -> None:
    """Ends with an error of Yosys if the two netlists ever differ, from all registers at zero."""
    (folder / "model.v").write_text(_model(gold))
    script = []
    for name, module in (("gold", gold), ("gate", gate)):
        _for_model(module, folder, name)
        script += ["read_verilog model.v", f"read_json {name}.json", f"hierarchy -check -top {name}", "proc", "flatten"]
        script += ["check -assert", f"design -stash {name}"]
    script += [f"design -copy-from {name} -as {name} {name}" for name in ("gold", "gate")]
    script += ["miter -equiv -flatten gold gate miter", "hierarchy -top miter", "opt_clean"]
    run_yosys([*script, "sat -verify -tempinduct -prove trigger 0 -set-init-zero -maxsteps 6 miter"], cwd=folder)


def test_the_registers_of_both_shapes_of_ram_move_and_the_one_used_twice_stays(mapped: dict[str, Any]):
    moved = use_output_registers(mapped)
    modes = {name.split(".")[0]: cell["parameters"] for name, cell in _rams(moved).items()}
    assert (modes["m_wide"]["REGMODE_A"], modes["m_wide"]["REGMODE_B"]) == ("OUTREG", "OUTREG")
    assert "OUTREG" in (modes["m_deep"]["REGMODE_A"], modes["m_deep"]["REGMODE_B"])
    assert (modes["m_both"]["REGMODE_A"], modes["m_both"]["REGMODE_B"]) == ("NOREG", "NOREG")
    assert _registers(mapped) - _registers(moved) == 32 + 8


def test_yosys_proves_that_nothing_else_changes(mapped: dict[str, Any], tmp_path: Path):
    _prove_equal(mapped, use_output_registers(mapped), tmp_path)


def test_the_proof_notices_a_register_too_many(mapped: dict[str, Any], tmp_path: Path):
    broken = copy.deepcopy(use_output_registers(mapped))
    next(cell for name, cell in _rams(broken).items() if name.startswith("m_both"))["parameters"]["REGMODE_A"] = (
        "OUTREG"
    )
    next(cell for name, cell in _rams(broken).items() if name.startswith("m_both"))["parameters"]["REGMODE_B"] = (
        "OUTREG"
    )
    with pytest.raises(ToolFailed):
        _prove_equal(mapped, broken, tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"parameters": {"CEMUX": "CE"}},
        {"parameters": {"CLKMUX": "INV"}},
        {"parameters": {"REGSET": "SET"}},
        {"connections": {"LSR": [1]}},
        {"connections": {"CLK": [99999]}},
    ],
    ids=["enable", "falling edge", "set", "reset", "other clock"],
)
def test_a_register_that_is_more_than_a_delay_stays(mapped: dict[str, Any], change: dict[str, Any]):
    module = copy.deepcopy(mapped)
    for cell in module["cells"].values():
        if cell["type"] == "TRELLIS_FF":
            for field, values in change.items():
                cell[field] |= values
    assert _registers(use_output_registers(module)) == _registers(module)
