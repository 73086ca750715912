# SPDX-License-Identifier: Apache-2.0
"""Add, Sub and Mul of two tensors of codes."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm, prod

from hwgen.ir.graph import Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.multiply.op import Multiply
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding, as_half_even
from hwgen.numerics.two_input import is_countable
from onnx_frontend.lower.expression import as_affine_clip, scalar
from onnx_frontend.lower.finish import affine_line
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.lower.repeat import repeat, shaped
from onnx_frontend.quant_graph import QuantNode

LARGEST_MULTIPLE = 1 << 28
UNCLIPPED = IntRange.of_bits(62, signed=True)


def add(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Add or Sub of two activations: one exact sum of three terms, rounded once, with a clip behind it."""
    a, b = (_operand(lowering, node, k) for k in (0, 1))
    sign = -1 if node.op == "Sub" else 1
    line = as_affine_clip(finish.expression)
    both = Affine(a.node, scalar(1), scalar(0), False, lowering.named(node))
    fused = None if line is None else affine_line(both, line, finish.quant)
    # codes of 16 bits: too many pairs for a proof of the rounded sum, while an exact sum needs none
    if (
        fused is None
        or fused[0].size > 1
        or fused[1].size > 1
        or not is_countable(a.node.type.range, b.node.type.range)
    ):
        return _behind_sum(lowering, node, finish, a, b)
    gain, shift, out = Fraction(fused[0].ravel()[0]), Fraction(fused[1].ravel()[0]), fused[2]
    ratios = gain * a.scale.item(), gain * sign * b.scale.item()
    offset = gain * (a.offset.item() + sign * b.offset.item()) + shift
    nudge = _nudge(finish.quant.rounding, (a.node, b.node), ratios, offset)
    if nudge is None:
        return _behind_sum(lowering, node, finish, a, b)
    op = Add(*ratios, offset + nudge, finish.quant.zero_after, out)
    sources = tuple(expanded(lowering, node, s.node) for s in (a, b))
    return lowering.emit(op, sources, lowering.named(node), finish.path, finish.tensor)


def _nudge(
    rounding: Rounding, sources: tuple[Node, Node], ratios: tuple[Fraction, Fraction], offset: Fraction
) -> Fraction | None:
    """What makes rounding half to even, the only one of an Add, do what the QuantizeLinear asks for.

    None where that depends on the sign of the sum.
    """
    reach = [sorted((s.type.range.lo * r, s.type.range.hi * r)) for s, r in zip(sources, ratios, strict=True)]
    highest, lowest = (reach[0][k] + reach[1][k] + offset for k in (1, 0))
    denominator = lcm(*(f.denominator for f in (*ratios, offset)))
    nudges = {as_half_even(rounding, denominator, end < 0) for end in (highest, lowest)}
    return nudges.pop() if len(nudges) == 1 else None


def _behind_sum(lowering: Lowering, node: QuantNode, finish: Finish, a: Affine, b: Affine) -> Node:
    """Any function behind a sum: the exact sum as an integer first, where both scales are small multiples of one."""
    ratios = a.scale.item(), b.scale.item() * (-1 if node.op == "Sub" else 1)
    denominator = lcm(*(r.denominator for r in ratios))
    step = Fraction(gcd(*(int(r * denominator) for r in ratios)), denominator)
    multiples = tuple(r / step for r in ratios)
    if max(map(abs, multiples)) > LARGEST_MULTIPLE:
        raise lowering.graph.refuse(
            finish.path[min(1, len(finish.path) - 1)],
            "this function of a sum is not supported",
            found=f"{finish.expression}, rounding {finish.quant.rounding}, of {float(ratios[0]):.6g} a + {float(ratios[1]):.6g} b",
            expected="a Relu or Clip between the Add and its QuantizeLinear, or operands of one scale",
            fix="give both operands one scale, or quantize the output of the Add as well",
        )
    offset = a.offset.item() + b.offset.item() * (-1 if node.op == "Sub" else 1)
    sources = tuple(expanded(lowering, node, s.node) for s in (a, b))
    name = lowering.named(node)
    total = lowering.emit(Add(*multiples, Fraction(0), 0, UNCLIPPED), sources, f"{name}_sum", (node,))
    return lowering.rules.finish(lowering, Affine(total, scalar(step), scalar(offset), False, name), finish)


def mul(lowering: Lowering, node: QuantNode) -> Affine:
    """Mul of two activations: an exact product, divided and rounded by what follows."""
    a, b = (uniform_grid(lowering, node, k) for k in (0, 1))
    sources = tuple(expanded(lowering, node, g.node) for g in (a, b))
    op = Multiply(a.quant.zero_point[0], b.quant.zero_point[0])
    product = lowering.emit(op, sources, f"{lowering.named(node)}_product", (node,))
    return Affine(product, scalar(a.quant.scale[0] * b.quant.scale[0]), scalar(0), False, lowering.named(node))


def _operand(lowering: Lowering, node: QuantNode, position: int) -> Affine:
    """Codes of an operand and their meaning; constants on the way join the scale and the offset."""
    name = node.inputs[position]
    root, expression, _ = lowering.cone(name)
    line = as_affine_clip(expression)
    if root != name and line is not None and not line.clips and expression.is_uniform and lowering.can_be_grid(root):
        grid = lowering.grid(root, node)
        if grid.quant.per_tensor:
            gain, shift, scale = line.gain.item(), line.shift.item(), grid.quant.scale[0]
            offset = shift - gain * scale * grid.quant.zero_point[0]
            return Affine(grid.node, scalar(gain * scale), scalar(offset), True, "")
    grid = uniform_grid(lowering, node, position)
    scale = grid.quant.scale[0]
    return Affine(grid.node, scalar(scale), scalar(-scale * grid.quant.zero_point[0]), True, "")


def expanded(lowering: Lowering, node: QuantNode, source: Node) -> Node:
    """The operand repeated to the shape of the result, as ONNX broadcasts it: (P, 1, Q) becomes (P, E, Q)."""
    target, shape = lowering.shape(node.output), source.type.shape
    shape = (1,) * (len(target) - len(shape)) + shape
    if shape == target:
        return shaped(lowering, node, source, target)
    grown = [k for k in range(len(target)) if shape[k] != target[k]]
    first, last = grown[0], grown[-1] + 1
    if any(shape[k] != 1 for k in range(first, last)):
        raise lowering.graph.refuse(
            node,
            "this broadcast is not supported",
            found=f"{list(shape)} to {list(target)}",
            expected="one run of neighbouring axes to repeat over",
            fix="reshape the operand, or repeat it with Expand on the host",
        )
    before, repeated, behind = prod(shape[:first]), prod(target[first:last]), prod(shape[last:])
    return shaped(lowering, node, repeat(lowering, node, source, before, repeated, behind), target)
