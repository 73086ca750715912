# SPDX-License-Identifier: Apache-2.0
"""Which codes a float32 engine may give for a node, when it rounds every step and adds in any order.

With u = 2**-24, a sum of K products is off by at most about ``(K + c) * u`` times the sum of the magnitudes, where c
counts the other roundings on the way: two dequantizations, the product, the bias and the division by the scale. For
the elements that differ, `tight_interval` puts the actual partial sums (`hwgen.comparison.blocked_sums`) in the place of K.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hwgen.comparison.blocked_sums import partial_sums_of
from hwgen.comparison.norm_bounds import norm_bound
from hwgen.comparison.rounded_ends import Interval, rounded_ends
from hwgen.comparison.softmax_bounds import UNIT, softmax_of_codes, softmax_of_floats
from hwgen.ir.graph import Label, Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.dynamic_matmul.op import DynamicMatMul
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.layer_norm.op import LayerNorm
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.kernels.multiply.op import Multiply
from hwgen.kernels.pool.op import Reduce
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.resize.op import Interpolate
from hwgen.kernels.softmax.op import Softmax
from hwgen.kernels.threshold.op import Threshold
from hwgen.kernels.window.op import Window
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding

OTHER_ROUNDINGS = 8
TERM_ROUNDINGS = 3
"""Of each product: both dequantizations and the product itself."""

SHORT_BLOCK = 128
"""Products after which an engine may add what it has to a result that holds the bias."""
FUNCTION_ROUNDINGS = 16
"""Of a function of one number: engines compute exp and its like to a few units in the last place."""

Values = Mapping[str, np.ndarray]
Grids = Mapping[str, Label]
FloatValue = tuple[np.ndarray, float, Rounding, int]


@dataclass(frozen=True, eq=False)
class Floats:
    """The engine's float32 values in front of each rounding, the largest number on the way to them, and how it rounds:
    the mode, and the part of the zero point that is added first (none, half to even, where it is not said)."""

    values: Values
    magnitudes: Mapping[str, float]
    roundings: Mapping[str, tuple[Rounding, int]]

    def of(self, tensor: str, samples: np.ndarray) -> FloatValue | None:
        """(values of some samples, magnitude, rounding mode, added zero point), or None where they are not known."""
        if tensor not in self.values:
            return None
        rounding = self.roundings.get(tensor, ("half_even", 0))
        return self.values[tensor][samples].astype(np.float64), self.magnitudes.get(tensor, 0.0), *rounding


def code_interval(node: Node, values: Values, grids: Grids, float_value: FloatValue | None) -> Interval:
    """(lowest, highest) code for every element of a node: a difference between two codes inside is a tie.

    The interval surrounds the exact real value, from the exact values of the sources.

    Moves and maxima carry the interval of the rounding in front of them on. A Table does not know its real values:
    there the engine's own float in front of the rounding (`float_value`) tells how near the tie was.
    """
    match node.op:
        case Requantize():
            return _requantize(node, values, grids)
        case Add():
            return _add(node, values, grids)
        case Threshold():
            return _threshold(node, values, grids, float_value)
        case LayerNorm():
            exact, bound = norm_bound(node, values[node.src[0].name], _zero(node.src[0], grids))
            return rounded_ends(exact, bound, node.op.zero_point, node.type.range)
    table = _table_before(node)
    if table is not None and float_value is not None and node.tensor in grids:
        return _around_float(node, table, values, grids, float_value)
    if isinstance(node.op, Softmax) and node.tensor in grids:
        return _softmax(node, values, grids, float_value)
    rounded = [s for s in node.src if not s.tensor and not s.is_constant and not s.is_input]
    if not rounded or isinstance(node.op, (MatMul, DynamicMatMul, Multiply, Table)):
        return values[node.name], values[node.name]
    ends = [code_interval(s, values, grids, None) if s in rounded else (values[s.name],) * 2 for s in node.src]
    return node.op.golden(*(e[0] for e in ends)), node.op.golden(*(e[1] for e in ends))


def _table_before(node: Node) -> Node | None:
    """The Table whose results a node moves (or the node itself), if that is what rounds them."""
    if isinstance(node.op, (Table, Threshold)):
        return node
    inner = [s for s in node.src if not s.tensor and not s.is_constant and not s.is_input]
    found = [t for s in inner if (t := _table_before(s)) is not None]
    return found[0] if found else None


def tight_interval(node: Node, values: Values, grids: Grids, where: tuple[np.ndarray, ...]) -> Interval | None:
    """`code_interval` of chosen elements of a Requantize of real numbers right behind a MatMul; else None.

    where: indices of the elements, the sample first.
    """
    op = node.op
    if not isinstance(op, Requantize) or op.dialect != "real" or not isinstance(node.src[0].op, MatMul):
        return None
    (product,) = node.src
    (stream, _) = product.src
    ratio, exact = _line(node, values)
    terms, magnitude = _magnitude(product, values, grids)
    partial = partial_sums_of(product, values[stream.name], _zero(stream, grids), where)
    step = np.abs(np.broadcast_to(ratio, exact.shape)[where])
    bias = np.abs(exact[where]) + magnitude[where] * step  # holds what is added to the sum, once or in each block
    roundings = OTHER_ROUNDINGS + terms // SHORT_BLOCK
    bound = (partial + TERM_ROUNDINGS * magnitude[where]) * step + roundings * bias
    return rounded_ends(exact[where], UNIT * bound, op.zero_point, op.out, op.rounding)


def _line(node: Node, values: Values) -> tuple[np.ndarray, np.ndarray]:
    """(ratio, exact value before rounding) of a Requantize."""
    op, (source,) = node.op, node.src
    assert isinstance(op, Requantize)
    acc = values[source.name].astype(np.float64)
    shape = [1] * acc.ndim
    shape[1 + op.axis] = -1
    ratio, offset = (np.array([float(f) for f in v]).reshape(shape) for v in (op.ratio, op.offset))
    return ratio, acc * ratio + offset if op.dialect == "real" else (acc + offset) * ratio


def _requantize(node: Node, values: Values, grids: Grids) -> Interval:
    op, (source,) = node.op, node.src
    assert isinstance(op, Requantize)
    ratio, exact = _line(node, values)
    terms, magnitude = _magnitude(source, values, grids)
    size = 2 * magnitude * np.abs(ratio) + np.abs(exact)
    return rounded_ends(exact, (terms + OTHER_ROUNDINGS) * UNIT * size, op.zero_point, op.out, op.rounding)


def _add(node: Node, values: Values, grids: Grids) -> Interval:
    op = node.op
    assert isinstance(op, Add)
    a, b = (values[s.name].astype(np.float64) for s in node.src)
    exact = a * float(op.ratio_a) + b * float(op.ratio_b) + float(op.offset)
    parts = [
        np.abs(v - _zero(s, grids)) * abs(float(r))
        for v, s, r in zip((a, b), node.src, (op.ratio_a, op.ratio_b), strict=True)
    ]
    bound = OTHER_ROUNDINGS * UNIT * (parts[0] + parts[1] + np.abs(exact))
    return rounded_ends(exact, bound, op.zero_point, op.out)


def _threshold(node: Node, values: Values, grids: Grids, float_value: FloatValue | None) -> Interval:
    """The function of a sum: the sum may be off, and the function is rounded as well."""
    (source,) = node.src
    acc = values[source.name]
    terms, magnitude = _magnitude(source, values, grids)
    slack = np.ceil((terms + OTHER_ROUNDINGS) * UNIT * 2 * (magnitude + np.abs(acc))).astype(np.int64)
    kind = source.type.range
    ends = [node.op.golden(np.clip(a, kind.lo, kind.hi)) for a in (acc - slack, acc + slack)]
    low, high = np.minimum(*ends), np.maximum(*ends)
    if float_value is None or node.tensor not in grids:
        return low, high
    by_float = _around_float(node, node, values, grids, float_value)
    near = (values[node.name] >= by_float[0]) & (values[node.name] <= by_float[1])
    return np.where(near, np.minimum(low, by_float[0]), low), np.where(near, np.maximum(high, by_float[1]), high)


def _around_float(node: Node, table: Node, values: Values, grids: Grids, float_value: FloatValue) -> Interval:
    label = grids[node.tensor]
    step = float(label.scale[0])
    value, magnitude, rounding, added = float_value
    exact = value / step + added
    size = np.abs(exact) + magnitude / step
    (source,) = table.src
    known = _labelled(source)
    if known.tensor in grids and not isinstance(table.op, Threshold):
        reach = np.abs(values[source.name].astype(np.float64) - _zero(source, grids))
        scale = float(grids[known.tensor].scale[0]) / step
        size = size + (reach if reach.shape == size.shape else reach.max(initial=0.0)) * scale
    kind = node.type.range
    limits = IntRange(kind.lo - 1, kind.hi + 1)  # a tie at its end may leave the range that the exact values have
    return rounded_ends(exact, FUNCTION_ROUNDINGS * UNIT * size, label.zero_point[0] - added, limits, rounding)


def _softmax(node: Node, values: Values, grids: Grids, float_value: FloatValue | None) -> Interval:
    (source,) = node.src
    codes = values[source.name].astype(np.int64)
    if float_value is None:
        return softmax_of_codes(node, codes)
    label, (value, _, rounding, added) = grids[node.tensor], float_value
    zero_points = (added, label.zero_point[0] - added)
    return softmax_of_floats(node, codes - _zero(source, grids), value, float(label.scale[0]), rounding, zero_points)


def _labelled(node: Node) -> Node:
    """The nearest node in front (or the node itself) that computes an ONNX tensor."""
    while not node.tensor and not node.is_input and len(node.src) == 1:
        (node,) = node.src
    return node


def _zero(node: Node, grids: Grids) -> int:
    known = _labelled(node)
    return grids[known.tensor].zero_point[0] if known.tensor in grids else 0


def _magnitude(node: Node, values: Values, grids: Grids) -> tuple[int, np.ndarray]:
    """(number of terms, sum of their magnitudes) of an accumulator, zero points taken off."""
    op = node.op
    if node.tensor or node.is_input:
        return 1, np.abs(values[node.name].astype(np.float64) - _zero(node, grids))
    match op:
        case MatMul():
            terms, x = _magnitude(node.src[0], values, grids)
            weights = np.abs(weights_of(node.src).astype(np.int64))
            return terms * weights.shape[1], op.golden(_scaled(x), weights[np.newaxis])
        case DynamicMatMul():
            (terms_a, a), (terms_b, b) = (_magnitude(s, values, grids) for s in node.src)
            return terms_a * terms_b * a.shape[-1], DynamicMatMul(0, 0).golden(_scaled(a), _scaled(b))
        case Window():
            terms, x = _magnitude(node.src[0], values, grids)
            return terms, Window(op.kernel, op.strides, op.dilations, op.pads, 0).golden(_scaled(x))
        case Reduce(kind="sum"):
            terms, x = _magnitude(node.src[0], values, grids)
            return terms * op.taps, op.golden(_scaled(x))
        case Interpolate():
            terms, x = _magnitude(node.src[0], values, grids)
            return terms * 2 ** len(op.axes), op.golden(_scaled(x))
        case Multiply():
            return 1, np.abs(values[node.name].astype(np.float64))
        case Requantize() | Add() | Table() | Threshold():
            return 1, np.abs(values[node.name].astype(np.float64))
    parts = [_magnitude(s, values, grids) for s in node.src]
    return max(terms for terms, _ in parts), op.golden(*(_scaled(x) for _, x in parts))


def _scaled(x: np.ndarray) -> np.ndarray:
    """Magnitudes as integers, which the golden models ask for."""
    return np.ceil(x).astype(np.int64)
