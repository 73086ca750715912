# SPDX-License-Identifier: Apache-2.0
"""Max and Min of two or more tensors of codes, and over axes of one."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hwgen.ir.graph import Node
from hwgen.kernels.add.op import Add
from hwgen.numerics.range import IntRange
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pairs import expanded
from onnx_frontend.lower.pending import Finish
from onnx_frontend.lower.pool import before_max
from onnx_frontend.quant_graph import QuantNode

ZERO, ONE = Fraction(0), Fraction(1)


def extreme(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Max or Min of tensors: each rounded to the grid of the result first, which keeps the order."""
    rising = before_max(lowering, node, finish)
    if rising is None:
        raise lowering.graph.refuse(
            node,
            "this function of an extreme is not supported",
            found=str(finish.expression),
            expected="a rising line, such as a rounding to another scale",
            fix=f"quantize the output of the {node.op} as well",
        )
    first, *others = (lowering.rounded(name, replace(rising[0], tensor="")) for name in node.inputs if name)
    result = expanded(lowering, node, first)
    for other in others:
        result = _of_two(lowering, node, result, expanded(lowering, node, other))
    return lowering.label(result, finish.tensor)


def _of_two(lowering: Lowering, node: QuantNode, a: Node, b: Node) -> Node:
    """max(a, b) = a + max(b - a, 0) and min(a, b) = a - max(a - b, 0): two exact sums."""
    x, y, name = a.type.range, b.type.range, lowering.named(node)
    if node.op == "Max":
        above = Add(-ONE, ONE, ZERO, 0, IntRange(0, max(0, y.hi - x.lo)))
        joined = Add(ONE, ONE, ZERO, 0, IntRange(max(x.lo, y.lo), max(x.hi, y.hi)))
    else:
        above = Add(ONE, -ONE, ZERO, 0, IntRange(0, max(0, x.hi - y.lo)))
        joined = Add(ONE, -ONE, ZERO, 0, IntRange(min(x.lo, y.lo), min(x.hi, y.hi)))
    beyond = lowering.emit(above, (a, b), f"{name}_beyond", (node,))
    return lowering.emit(joined, (a, beyond), name, (node,))
