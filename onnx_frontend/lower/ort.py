# SPDX-License-Identifier: Apache-2.0
"""The dialect ``ort``: onnxruntime's float32 arithmetic of each QOperator, where the real numbers would be rounded else.

Sums of products become a Requantize of a float32 dialect, sums of two tensors an Add, and all functions of one tensor
of codes a Table or a Threshold that holds the results of that arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.float32 import (
    dequantize,
    fixed_part,
    logistic,
    nearest_float32,
    quantize,
    sum_codes_float32,
)
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Dialect, Requantizer
from hwgen.numerics.staircase import Staircase
from onnx_frontend.lower import pairs
from onnx_frontend.lower.expression import Exact, Expression, array, scalar
from onnx_frontend.lower.finish import describe, one_axis, reshaped, table
from onnx_frontend.lower.finish import finish as finish_exactly
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.quant_graph import Quant, QuantNode

PairFunction = Callable[[np.ndarray, np.ndarray], np.ndarray]


def finish(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    """The codes of a rounded tensor in the dialect of its grid."""
    if wanted.quant.dialect == "real":
        return finish_exactly(lowering, source, wanted)
    if not source.narrow:
        return _sums(lowering, source, wanted)
    pair = next((node for node in wanted.path if node.op in ("Add", "Mul")), None)
    if pair is not None:
        return _with_constant(lowering, source, wanted, pair)
    return _function(lowering, source, wanted)


def add(lowering: Lowering, node: QuantNode, wanted: Finish) -> Node:
    """Add of two activations. onnxruntime takes the operand first that it repeats along the innermost axis."""
    if wanted.quant.dialect == "real":
        return pairs.add(lowering, node, wanted)
    order = _order(lowering, node)
    grids = [uniform_grid(lowering, node, k) for k in order]
    ratios, offset = _sum_factors([g.quant for g in grids], wanted.quant)
    op = Add(*ratios, offset, 0, wanted.quant.codes, "ort")
    sources = tuple(pairs.expanded(lowering, node, g.node) for g in grids)
    return lowering.emit(op, sources, lowering.named(node), wanted.path, wanted.tensor)


def _order(lowering: Lowering, node: QuantNode) -> tuple[int, int]:
    """(1, 0) where the first operand is repeated along the innermost axis that has more than one element, else (0, 1)."""
    first, second = (lowering.shape(name) for name in node.inputs)
    rank = max(len(first), len(second))
    sizes = zip(*((1,) * (rank - len(s)) + s for s in (first, second)), strict=True)
    inner = [pair for pair in sizes if max(pair) > 1][-1:] or [(1, 2)]
    return (1, 0) if inner[0][0] == 1 else (0, 1)


def _sum_factors(quants: list[Quant], result: Quant) -> tuple[list[Fraction], Fraction]:
    """(ratios, offset) of an Add in float32, as exact fractions."""
    step = nearest_float32(result.scale[0])
    ratios = [nearest_float32(q.scale[0]) / step for q in quants]
    zeros = [q.zero_point[0] for q in (*quants, result)]
    return [Fraction(float(r)) for r in ratios], Fraction(float(fixed_part(*ratios, *zeros)))


def _sums(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    """A Requantize of exact sums."""
    maker, quant = wanted.path[0], wanted.quant
    ratio, offset, zero, dialect = _factors(lowering, source, maker, quant)
    node, axis, (ratios, offsets) = one_axis(lowering, source.node, (ratio, offset), wanted.path)
    return reshaped(lowering, Requantize(ratios, offsets, zero, dialect, quant.codes, axis), node, source, wanted)


def _factors(lowering: Lowering, source: Affine, maker: QuantNode, quant: Quant) -> tuple[Exact, Exact, int, Dialect]:
    """(ratio, offset, zero point, dialect) of a Requantize, by the operator that made the sums.

    A window's average adds float32 numbers one by one, which is no function of the sum: it is exact here, with the zero
    point added before rounding as there, so that ties fall on the same side.
    """
    step, zero = quant.scale[0], quant.zero_point[0]
    if maker.op == "AveragePool":
        return array(source.scale / step), array(source.offset / step + zero), 0, "real"
    counted = array(source.offset / source.scale)
    if maker.op == "GlobalAveragePool":
        count = prod(lowering.shape(maker.inputs[0])[2:])
        divisor = nearest_float32(step) * np.float32(count)
        ratio = nearest_float32(source.scale.item() * count) / divisor
        return scalar(Fraction(float(ratio))), counted, zero, "ort"
    steps = [Fraction(float(nearest_float32(s) / nearest_float32(step))) for s in source.scale.ravel()]
    ratio = np.empty(len(steps), object)
    ratio[:] = steps
    ratio = ratio.reshape(source.scale.shape)
    return (ratio, scalar(0), zero, "ort_product") if maker.op == "Mul" else (ratio, counted, zero, "ort")


def _function(lowering: Lowering, source: Affine, wanted: Finish) -> Node:
    """A function of one tensor of codes, entry by entry."""
    quant, values = wanted.quant, source.node.type.range
    scale, zero = source.scale.item(), -int(source.offset.item() / source.scale.item())
    reals = _compute(lowering, wanted, wanted.expression, dequantize(np.arange(values.lo, values.hi + 1), scale, zero))
    codes = quantize(reals, quant.scale[0], quant.zero_point[0], quant.codes)
    return table(lowering, source, wanted, tuple(codes.tolist()))


def _compute(lowering: Lowering, wanted: Finish, tree: Expression, x: np.ndarray) -> np.ndarray:
    if tree.is_x:
        return x
    inner = _compute(lowering, wanted, tree.args[0], x)
    match tree.op:
        case "Sigmoid":
            return logistic(inner)
        case "LeakyRelu":
            return np.where(inner >= 0, inner, inner * nearest_float32(dict(tree.attributes)["alpha"]))
    raise lowering.unsupported(wanted.path[0])


def _with_constant(lowering: Lowering, source: Affine, wanted: Finish, maker: QuantNode) -> Node:
    """Add or Mul with a constant, or of a tensor with itself: a function of one tensor for each code of the constant."""
    values = source.node.type.range
    tensors = [lowering.graph.tensors[name] for name in maker.inputs]
    function = _pair_function(lowering, maker, [t.quant for t in tensors], wanted.quant)
    codes = np.arange(values.lo, values.hi + 1)
    constant = next((k for k, t in enumerate(tensors) if t.is_constant), None)
    if constant is None:
        return table(lowering, source, wanted, tuple(function(codes, codes).tolist()))
    quant = tensors[constant].quant
    held = array(wanted.expression.args[constant].value / quant.scale[0] + quant.zero_point[0])  # moved as x was

    def of(x: np.ndarray, c: int) -> np.ndarray:
        return function(x, np.int64(c)) if constant else function(np.int64(c), x)

    if held.size == 1:
        return table(lowering, source, wanted, tuple(of(codes, int(held.item())).tolist()))
    node, axis, (channels,) = one_axis(lowering, source.node, (held,), wanted.path)
    steps = {c: Staircase.of_array_function(lambda x, c=c: of(x, c), values) for c in {int(c) for c in channels}}
    op = Threshold(tuple(steps[int(c)] for c in channels), axis, describe(wanted))
    return reshaped(lowering, op, node, source, wanted)


def _pair_function(lowering: Lowering, node: QuantNode, quants: list[Quant], result: Quant) -> PairFunction:
    """The codes that onnxruntime gives for the codes of both operands."""
    out: IntRange = result.codes
    if node.op == "Mul":
        scale = nearest_float32(quants[0].scale[0] * quants[1].scale[0]) / nearest_float32(result.scale[0])
        product = Requantizer((Fraction(float(scale)),), (Fraction(0),), result.zero_point[0], "ort_product", out)
        zeros = [q.zero_point[0] for q in quants]
        return lambda a, b: product.evaluate((a - zeros[0]) * (b - zeros[1]))
    order = _order(lowering, node)
    ratios, offset = _sum_factors([quants[k] for k in order], result)
    if order == (0, 1):
        return lambda a, b: sum_codes_float32(a, b, *ratios, offset, out)
    return lambda a, b: sum_codes_float32(b, a, *ratios, offset, out)
