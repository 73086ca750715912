# SPDX-License-Identifier: Apache-2.0
"""A design behind four pins, so that it can be placed whatever number of ports it has.

A shift register drives its inputs and a pipelined tree of exclusive ors folds its outputs. Nothing but registers of
the harness touches the ports, and synthesis keeps the design a module of its own, so that it is measured as if alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.synth.outline import ModulePort

HARNESS = "hwgen_pin_harness"
PINS = ("clk", "rst", "d", "q")
INSTANCE = "dut"
_FOLD = 4  # inputs of one exclusive or: one LUT of every family


def pin_harness(top: str, ports: Sequence[ModulePort], clock: str = "clk", reset: str | None = "rst") -> str:
    """Verilog of the module `HARNESS` with the pins `PINS` around one instance `INSTANCE` of the module `top`.

    ports: every port of `top`. clock, reset: names of those that the pins clk and rst drive, if there are such; all others
    are shifted and folded.
    """
    free = [port for port in ports if port.name not in (clock, reset)]
    inputs = [port for port in free if port.direction == "input"]
    outputs = [port for port in free if port.direction == "output"]
    n_in = max(1, sum(port.width for port in inputs))
    n_out = max(1, sum(port.width for port in outputs))
    pins = {clock: "clk", reset: "rst_q"}
    connections = [f".{port.name}({pins[port.name]})" for port in ports if port.name in pins]
    connections += _slices("stimulus", inputs) + _slices("response", outputs)
    joined = ",\n        ".join(connections)
    unused = "" if outputs else "    assign response = 1'b0;\n"
    return (
        f"module {HARNESS} (input wire clk, input wire rst, input wire d, output wire q);\n"
        f"    reg rst_q;\n"
        f"    reg [{n_in - 1}:0] stimulus;\n"
        f"    wire [{n_out - 1}:0] response;\n{unused}"
        f"    always @(posedge clk) begin\n        rst_q <= rst;\n        stimulus <= {{stimulus, d}};\n    end\n"
        f"    (* keep_hierarchy *) {top} {INSTANCE} (\n        {joined}\n    );\n"
        f"{_fold(n_out)}endmodule\n"
    )


def _slices(bus: str, ports: Sequence[ModulePort]) -> list[str]:
    """Connections of the ports to consecutive bits of `bus`."""
    connections, low = [], 0
    for port in ports:
        connections.append(f".{port.name}({bus}[{low + port.width - 1}:{low}])")
        low += port.width
    return connections


def _fold(width: int) -> str:
    """A register on each response bit, then levels of registered exclusive ors down to the pin q."""
    text = f"    reg [{width - 1}:0] level_0;\n    always @(posedge clk) level_0 <= response;\n"
    level = 0
    while width > 1:
        groups = [(low, min(low + _FOLD, width) - 1) for low in range(0, width, _FOLD)]
        ors = ", ".join(f"^level_{level}[{high}:{low}]" for low, high in reversed(groups))
        level, width = level + 1, len(groups)
        text += f"    reg [{width - 1}:0] level_{level};\n    always @(posedge clk) level_{level} <= {{{ors}}};\n"
    return text + f"    assign q = level_{level};\n"
