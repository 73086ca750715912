# SPDX-License-Identifier: Apache-2.0
"""How an exact integer becomes the codes of a rounded tensor: nothing, a Table, or a Requantize."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.threshold.op import Threshold
from hwgen.kernels.view.op import Reshape
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer
from hwgen.numerics.rounding_mode import round_to_integer
from hwgen.numerics.staircase import Staircase
from onnx_frontend.lower.curve import codes_of, direction, is_known, table_codes
from onnx_frontend.lower.elementwise import ELEMENTWISE
from onnx_frontend.lower.expression import AffineClip, Exact, Expression, as_affine_clip, scalar
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.lower.steps import Steps
from onnx_frontend.lower.thresholds import Count, as_count, clipped, count_staircase
from onnx_frontend.quant_graph import Quant, QuantNode

SMALL_TABLE, LARGEST_TABLE = 1 << 12, 1 << 16
NARROW = 1 << 8


def finish(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    """Codes of ``round(expression(scale * node + offset))`` on the wanted grid, rounded once."""
    quant = wanted.quant
    if not quant.per_tensor:
        raise lowering.graph.refuse(
            wanted.path[-1],
            "an activation is quantized per channel",
            found=f"{len(quant.scale)} scales along axis {quant.axis}",
            expected="one scale for the tensor",
            fix="quantize activations per tensor and weights per channel",
        )
    line = as_affine_clip(wanted.expression)
    if line is not None:
        fused = affine_line(source, line, quant)
        if fused is not None:
            return _requantize(lowering, source, wanted, *fused)
    count = as_count(wanted.expression)
    if count is not None:
        return _count(lowering, source, wanted, count)
    return _curve(lowering, source, wanted)


def affine_line(source: Affine, line: AffineClip, quant: Quant) -> tuple[Exact, Exact, IntRange] | None:
    """(ratio, offset, out) in output steps; None where the clip differs between channels."""
    step = quant.scale[0]
    ratio = np.asarray(line.gain * source.scale / step, object)
    offset = np.asarray((line.gain * source.offset + line.shift) / step + quant.added, object)
    out = quant.codes
    lo, hi = out.lo, out.hi
    for bound, low in ((line.lo, True), (line.hi, False)):
        if bound is None:
            continue
        codes = {quant.code_of(Fraction(b) / step) for b in np.asarray(bound, object).ravel()}
        if len(codes) > 1:
            return None
        code = out.clamp(codes.pop())
        lo, hi = (max(lo, code), hi) if low else (lo, min(hi, code))
    return ratio, offset, IntRange(min(lo, hi), max(lo, hi))


def _requantize(lowering: Lowering, source: Affine, wanted: Finish, ratio: Exact, offset: Exact, out: IntRange) -> Node:
    zero, rounding = wanted.quant.zero_after, wanted.quant.rounding
    values = source.node.type.range
    if ratio.size == 1 and offset.size == 1:
        r, o = ratio.ravel()[0], offset.ravel()[0]
        if r == 1 and o + zero == 0 and values in out:
            return lowering.label(source.node, wanted.tensor)
        if source.narrow and values.size <= NARROW:
            rounded = (round_to_integer(x * r + o, rounding) + zero for x in range(values.lo, values.hi + 1))
            return table(lowering, source, wanted, tuple(map(out.clamp, rounded)))
    node, axis, (ratios, offsets) = one_axis(lowering, source.node, (ratio, offset), wanted.path)
    op = Requantize(ratios, offsets, zero, wanted.quant.dialect, out, axis, rounding)
    return reshaped(lowering, op, node, source, wanted)


def table(lowering: Lowering, source: Affine, wanted: Finish, codes: tuple[int, ...]) -> Node:
    """A Table over all codes of the source, or the source itself where it would change nothing."""
    values = source.node.type.range
    if codes == tuple(range(values.lo, values.hi + 1)):
        return source.node
    op = Table(values.lo, codes, describe(wanted))
    return lowering.emit(op, (source.node,), name_of(lowering, source, wanted), wanted.path, wanted.tensor)


def describe(wanted: Finish) -> str:
    """The function of a node in words."""
    text = str(wanted.expression)
    return "requantize" if text == "x" else text


def name_of(lowering: Lowering, source: Affine, wanted: Finish) -> str:
    """The operator's own name for an accumulator; else the first function on the way."""
    return source.name or lowering.named(wanted.path[0])


def one_axis(
    lowering: Lowering, node: Node, constants: tuple[Exact, ...], path: tuple[QuantNode, ...]
) -> tuple[Node, int, list[tuple[Fraction, ...]]]:
    """The constants along a single axis; axes between which they vary are merged by a Reshape."""
    shape = node.type.shape
    rank = len(shape)
    arrays = [a.reshape([1] * (rank - a.ndim) + list(a.shape)) for a in constants]
    varying = [k for k in range(rank) if any(a.shape[k] > 1 for a in arrays)]
    if not varying:
        return node, min(1, rank - 1), [(Fraction(a.ravel()[0]),) for a in arrays]
    first, last = varying[0], varying[-1]
    extent = shape[first : last + 1]
    flat = []
    for array in arrays:
        if array.size == 1:
            flat.append((Fraction(array.ravel()[0]),))
        else:
            full = np.broadcast_to(array.reshape(array.shape[first : last + 1]), extent)
            flat.append(tuple(Fraction(v) for v in full.ravel()))
    if first != last:
        merged = (*shape[:first], prod(extent), *shape[last + 1 :])
        node = lowering.emit(Reshape(merged), (node,), f"{node.name}_merged", path)
    return node, first, flat


def reshaped(lowering: Lowering, op: Requantize | Threshold, node: Node, source: Affine, wanted: Finish) -> Node:
    name, shape = name_of(lowering, source, wanted), source.node.type.shape
    if node is source.node:
        return lowering.emit(op, (node,), name, wanted.path, wanted.tensor)
    merged = lowering.emit(op, (node,), f"{name}_merged_codes", wanted.path)
    return lowering.emit(Reshape(shape), (merged,), name, wanted.path, wanted.tensor)


def round_exactly(wanted: Finish, value: Fraction) -> int:
    """The code of a single real number, for a function that is the same for all elements."""
    return codes_of(wanted.expression, [value], wanted.quant)[0]


def _count(lowering: Lowering, source: Affine, wanted: Finish, count: Count) -> Node:
    """The number of thresholds reached, per channel."""
    inner, outer, quant = count.inner, count.outer, wanted.quant
    line = (inner.gain * source.scale, inner.gain * source.offset + inner.shift)
    ends = (inner.lo, inner.hi, outer.lo, outer.hi)
    given = [np.asarray(e, object) for e in (*line, outer.gain, outer.shift, *count.thresholds, *ends) if e is not None]
    node, axis, flat = one_axis(lowering, source.node, tuple(given), wanted.path)
    steps = []
    for k in range(max(map(len, flat))):
        gain, shift, *rest = (values[k % len(values)] for values in flat)
        out_gain, out_shift, *rest = rest
        thresholds, rest = rest[: len(count.thresholds)], iter(rest[len(count.thresholds) :])
        bounds = [None if e is None else next(rest) for e in ends]
        reals = [clipped(n * out_gain + out_shift, (bounds[2], bounds[3])) for n in range(len(thresholds) + 1)]
        codes = [quant.codes.clamp(quant.code_of(r / quant.scale[0])) for r in reals]
        steps.append(count_staircase(node.type.range, gain, shift, (bounds[0], bounds[1]), thresholds, codes))
    values = source.node.type.range
    if len(steps) == 1 and source.narrow and values.size <= NARROW:
        return table(lowering, source, wanted, tuple(steps[0].evaluate(np.arange(values.lo, values.hi + 1)).tolist()))
    return reshaped(lowering, Threshold(tuple(steps), axis, describe(wanted)), node, source, wanted)


def _curve(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    """A function that is no clipped line: a Table over few integers, else exact thresholds if it is monotone."""
    tree, values = wanted.expression, source.node.type.range
    uniform = tree.is_uniform and source.scale.size == 1 and source.offset.size == 1
    monotone = tree.is_uniform and direction(tree) is not None
    largest = SMALL_TABLE if monotone and wanted.quant.codes.size <= SMALL_TABLE else LARGEST_TABLE
    if is_known(tree) and uniform and values.size <= largest:
        scale, offset = Fraction(source.scale.item()), Fraction(source.offset.item())
        codes = table_codes(tree, values, scale, offset, wanted.quant)
        return table(lowering, source, wanted, tuple(codes))
    if is_known(tree) and tree.is_uniform and direction(tree) is not None:
        return _threshold(lowering, source, wanted)
    if is_known(tree) and not tree.is_uniform:
        node = _per_channel(lowering, source, wanted)
        if node is not None:
            return node
    culprit = next((n for n in wanted.path if n.op in ELEMENTWISE), wanted.path[0])
    raise lowering.graph.refuse(
        culprit,
        "this function is not supported here",
        found=f"{tree} of {values.size} values" + ("" if tree.is_uniform else ", different per channel"),
        expected="any function of an 8-bit tensor, or a monotone function of a sum",
        fix="quantize the tensor in front of it",
    )


def _threshold(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    values = source.node.type.range
    node, axis, (scales, offsets) = one_axis(lowering, source.node, (source.scale, source.offset), wanted.path)
    channels = max(len(scales), len(offsets))
    pairs = [(scales[k % len(scales)], offsets[k % len(offsets)]) for k in range(channels)]
    reals = [end * s + o for s, o in pairs for end in (values.lo, values.hi)]
    steps = Steps(wanted.expression, wanted.quant, min(reals), max(reals))
    op = Threshold(tuple(steps.staircase(values, s, o) for s, o in pairs), axis, describe(wanted))
    return reshaped(lowering, op, node, source, wanted)


def _per_channel(lowering: Lowering, source: Affine, wanted: Finish) -> Node | None:
    """A function that differs between channels in more than gain and offset: the staircase of each on its own."""
    tree, quant = wanted.expression, wanted.quant
    node, axis, flat = one_axis(lowering, source.node, (source.scale, source.offset, *tree.constants), wanted.path)
    steps = []
    for k in range(max(map(len, flat))):
        scale, offset, *constants = (scalar(values[k % len(values)]) for values in flat)
        values = iter(constants)
        one = tree.map_constants(lambda _, values=values: next(values))
        staircase = _staircase(Affine(node, scale, offset, False, ""), one, quant)
        if staircase is None:
            return None
        steps.append(staircase)
    return reshaped(lowering, Threshold(tuple(steps), axis, describe(wanted)), node, source, wanted)


def _staircase(source: Affine, tree: Expression, quant: Quant) -> Staircase | None:
    """The exact function of an accumulator where it is monotone, for one channel."""
    domain, line = source.node.type.range, as_affine_clip(tree)
    if line is not None:
        ratio, offset, out = affine_line(source, line, quant)
        exact = Requantizer((ratio.item(),), (offset.item(),), quant.zero_after, "real", out, quant.rounding)
        return exact.staircase(domain)
    if direction(tree) is None:
        return None
    scale, offset = source.scale.item(), source.offset.item()
    ends = sorted((scale * domain.lo + offset, scale * domain.hi + offset))
    return Steps(tree, quant, *ends).staircase(domain, scale, offset)


def on_same_grid(
    lowering: Lowering, source: Affine, expression: Expression, path: tuple[QuantNode, ...], quant: Quant
) -> Grid | None:
    """A function of codes without a QuantizeLinear behind it, if all of its values lie on a grid with as many codes."""
    line = as_affine_clip(expression)
    if line is None or not quant.per_tensor or not expression.is_uniform:
        return None
    gain, shift = (Fraction(v.ravel()[0]) for v in (line.gain, line.shift))
    if gain <= 0:
        return None
    step = quant.scale[0] * gain
    zero = quant.zero_point[0] - shift / step
    bounds = [None if b is None else Fraction(b.ravel()[0]) / step + zero for b in (line.lo, line.hi)]
    if zero.denominator != 1 or any(b is not None and b.denominator != 1 for b in bounds):
        return None
    ends = source.node.type.range
    lo, hi = (ends.clamp(int(b)) if b is not None else end for b, end in zip(bounds, (ends.lo, ends.hi), strict=True))
    grid = Quant(
        (step,), (int(zero),), quant.bits, quant.signed, narrow=IntRange(lo, max(lo, hi)), dialect=quant.dialect
    )
    codes = tuple(min(max(x, lo), hi) for x in range(ends.lo, ends.hi + 1))
    wanted = Finish(expression, grid, path, "")
    return Grid(table(lowering, source, wanted, codes), grid)
