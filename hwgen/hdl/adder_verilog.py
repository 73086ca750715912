# SPDX-License-Identifier: Apache-2.0
"""The Verilog of an adder pipeline, line by line what hwgen/hdl/adder_network.py says in Amaranth."""

from __future__ import annotations

from hwgen.numerics.adder_graph import NOTHING, Adder
from hwgen.numerics.adder_stages import AdderPipeline
from hwgen.numerics.range import IntRange


def adder_verilog(name: str, pipeline: AdderPipeline, y_width: int) -> str:
    """A module with the ports clk, x and y; x and y are vectors of words, the first in the low bits."""
    graph, bits = pipeline.graph, pipeline.x.width
    nets: list[str] = []
    moves: list[str] = []
    for k in range(graph.inputs):
        _registers(pipeline, k, f"x[{bits * k} +: {bits}]", nets, moves)
    for k, adder in enumerate(graph.adders, graph.inputs):
        nets += [_declaration("wire", f"sum_{k}", pipeline.ranges[k]), *_assignments(pipeline, k, adder)]
        _registers(pipeline, k, f"sum_{k}", nets, moves)
    for lane, tap in enumerate(graph.outputs):
        value = _whole(pipeline, tap.source, pipeline.stages + 1)
        nets.append(f"  assign y[{y_width * lane} +: {y_width}] = {value} <<< {tap.shift};")
    x, y = graph.inputs * bits - 1, len(graph.outputs) * y_width - 1
    head = f"module {name} (\n  input wire clk,\n  input wire [{x}:0] x,\n  output wire [{y}:0] y\n);"
    clocked = ["  always @(posedge clk) begin", *moves, "  end"] if moves else []
    return "\n".join([head, *nets, *clocked, "endmodule", ""])


def _declaration(kind: str, name: str, values: IntRange) -> str:
    sign, init = "signed " * values.signed, f" = {values.width}'d0" * (kind == "reg")
    return f"  {kind} {sign}[{values.width - 1}:0] {name}{init};"


def _registers(pipeline: AdderPipeline, source: int, value: str, nets: list[str], moves: list[str]) -> None:
    """The registers that carry a source to its last reader."""
    for stage in range(pipeline.made[source], pipeline.read[source]):
        register = _name(pipeline, source, stage + 1)
        nets.append(_declaration("reg", register, pipeline.ranges[source]))
        moves.append(f"    {register} <= {value};")
        value = register


def _name(pipeline: AdderPipeline, source: int, stage: int) -> str:
    stem = f"x_{source}" if source < pipeline.graph.inputs else f"sum_{source}"
    return stem if stage == pipeline.made[source] else f"{stem}_{stage}"


def _whole(pipeline: AdderPipeline, source: int, stage: int) -> str:
    """A signed expression of the source's value."""
    if source == NOTHING:
        return "1'sd0"
    name = _name(pipeline, source, stage)
    return name if pipeline.ranges[source].signed else f"$signed({{1'b0, {name}}})"


def _above(pipeline: AdderPipeline, source: int, stage: int, shift: int) -> str:
    """A signed expression of ``value >> shift``."""
    values = pipeline.ranges[source]
    if shift >= values.width and not values.signed:
        return "1'sd0"
    part = f"{_name(pipeline, source, stage)}[{values.width - 1}:{min(shift, values.width - 1)}]"
    return f"$signed({part})" if values.signed else f"$signed({{1'b0, {part}}})"


def _assignments(pipeline: AdderPipeline, k: int, adder: Adder) -> list[str]:
    """The low bits are those of the lower operand, unless it is subtracted; the rest is one sum."""
    stage, width, sign = pipeline.made[k], pipeline.ranges[k].width, "+" if adder.high_sign > 0 else "-"
    low, high = (_whole(pipeline, source, stage) for source in (adder.low, adder.high))
    if adder.low_sign < 0:
        return [f"  assign sum_{k} = ({high} <<< {adder.shift}) - {low};"]
    if not adder.shift:
        return [f"  assign sum_{k} = {low} {sign} {high};"]
    below = f"  assign sum_{k}[{min(width, adder.shift) - 1}:0] = {low};"
    if width <= adder.shift:
        return [below]
    above = _above(pipeline, adder.low, stage, adder.shift)
    # A lower operand without bits up there leaves the upper one as it is.
    total = f"{above} {sign} {high}" if above != "1'sd0" else high if sign == "+" else f"-{high}"
    return [below, f"  assign sum_{k}[{width - 1}:{adder.shift}] = {total};"]
