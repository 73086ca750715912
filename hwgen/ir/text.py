# SPDX-License-Identifier: Apache-2.0
"""A graph as text, one line a node, for eyes, tests and diffs."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hwgen.ir.graph import Graph, Node
from hwgen.numerics.range import IntRange

LONGEST_LIST = 6


def graph_text(graph: Graph) -> str:
    """Every node, sources first, and the outputs."""
    lines = [node_text(node) for node in graph.nodes]
    lines += [f"output {name!r} = {node.name}" for name, node in graph.outputs.items()]
    return "\n".join(lines) + "\n"


def node_text(node: Node) -> str:
    """``name = Op(sources) field=value ... : type``."""
    fields = {k: v for k, v in node.op.parameters().items() if not (node.is_input and k == "type")}
    shown = "".join(f" {name}={_short(value)}" for name, value in fields.items())
    return f"{node.name} = {node.op.name}({', '.join(s.name for s in node.src)}){shown} : {node.type}"


def _short(value: object) -> str:
    """A value in few characters: fractions as decimals, long sequences by their ends."""
    if isinstance(value, Fraction):
        return str(value) if max(abs(value.numerator), value.denominator) < 10_000 else f"{float(value):.6g}"
    if isinstance(value, IntRange):
        return f"[{value.lo},{value.hi}]"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, Sequence):
        if len(value) > LONGEST_LIST:
            return f"({_short(value[0])},..{len(value)}..,{_short(value[-1])})"
        return f"({','.join(map(_short, value))})"
    return str(value)
