# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.synth.outline import ModulePort
from hwgen.synth.pin_harness import pin_harness

_CLOCKED = (ModulePort("aclk", "input"), ModulePort("aresetn", "input"))


def test_every_port_is_connected_to_bits_of_its_own():
    ports = (*_CLOCKED, ModulePort("a", "input", 8), ModulePort("valid", "input"), ModulePort("y", "output", 5))
    text = pin_harness("core", ports, clock="aclk", reset="aresetn")
    assert "    reg [8:0] stimulus;\n    wire [4:0] response;\n" in text
    for connection in (
        ".aclk(clk)",
        ".aresetn(rst_q)",
        ".a(stimulus[7:0])",
        ".valid(stimulus[8:8])",
        ".y(response[4:0])",
    ):
        assert connection in text


def test_outputs_are_folded_by_four_with_a_register_on_every_level():
    text = pin_harness("core", (ModulePort("y", "output", 18),))
    assert "always @(posedge clk) level_0 <= response;" in text
    assert "level_1 <= {^level_0[17:16], ^level_0[15:12], ^level_0[11:8], ^level_0[7:4], ^level_0[3:0]};" in text
    assert "level_2 <= {^level_1[4:4], ^level_1[3:0]};" in text
    assert "    assign q = level_3;\n" in text


def test_a_module_without_clock_reset_or_outputs_is_fine():
    text = pin_harness("core", (ModulePort("a", "input"),))
    assert "clk(" not in text.split("core dut")[1]
    assert "assign response = 1'b0;" in text
