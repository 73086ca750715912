# SPDX-License-Identifier: Apache-2.0
"""How far another engine's softmax may be from the real one.

In float32, with u = 2**-24 and in this order: a logit x = (code - zero point) * scale is off by u * |x|, and so are the largest
logit m and the difference d = m - x; an error of the argument is a relative error of its power, so that of the power is at
most ``(|x| + |m| + d + EXP_ROUNDINGS) * u``, where |x| <= |m| + d. The sum of the powers carries the mean of these errors,
weighted by the powers, and a rounding for each term; the quotient two (a reciprocal and a product), the division by the scale
of the result one; three more are left for constant factors behind the softmax.
"""

from __future__ import annotations

import numpy as np

from hwgen.comparison.rounded_ends import Interval, rounded_ends
from hwgen.ir.graph import Node
from hwgen.kernels.softmax.op import Softmax
from hwgen.numerics.rounding_mode import Rounding

UNIT = 2.0**-24

EXP_ROUNDINGS = 6
"""Units by which float32 exp may be off: NumPy documents 2.52 ulp, up to 5.04 units; onnxruntime's was seen 1.3 off."""

QUOTIENT_ROUNDINGS = 6


def softmax_of_floats(
    node: Node, x: np.ndarray, value: np.ndarray, scale: float, rounding: Rounding, zero_points: tuple[int, int]
) -> Interval:
    """x: input codes with their zero point taken off. value: the engine's float32 result. scale: of the grid of the result.

    zero_points: (added before the rounding, added after it).
    """
    op: Softmax = node.op  # type: ignore[assignment]
    before, after = zero_points
    steps = value / scale
    bound = np.abs(steps) * _relative_error(op, x) + UNIT * np.abs(steps + before)
    return rounded_ends(steps + before, bound, after, node.type.range, rounding)


def _relative_error(op: Softmax, x: np.ndarray) -> np.ndarray:
    """Of the engine's results, in the same shape as the codes."""
    axis = 1 + op.axis
    largest = x.max(axis=axis, keepdims=True)
    depth, step = largest - x, float(op.scale)
    of_powers = 2 * step * (np.abs(largest) + depth) + EXP_ROUNDINGS
    powers = np.exp(-step * depth)
    of_sum = (powers * of_powers).sum(axis=axis, keepdims=True) / powers.sum(axis=axis, keepdims=True)
    first_order = UNIT * (of_powers + of_sum + x.shape[axis] + QUOTIENT_ROUNDINGS)
    return np.where(first_order < 1, first_order / (1 - first_order), np.inf)


def softmax_of_codes(node: Node, x: np.ndarray) -> Interval:
    """onnxruntime's QLinearSoftmax: each power is rounded to a whole number of up to (2**32 - 1) / row, so is ours.

    x: input codes.
    """
    op: Softmax = node.op  # type: ignore[assignment]
    axis = 1 + op.axis
    row = x.shape[axis]
    depth = x.max(axis=axis, keepdims=True) - x
    powers, numerators = (np.array(t, np.float64)[depth] for t in op.tables(int(depth.max(initial=0)) + 1))
    exact = numerators / powers.sum(axis=axis, keepdims=True)
    bound = sum(
        (step / 2 + exact * row / 2) / (one - row / 2)
        for one, step in ((1 << op.fraction_bits, 1.0), ((2**32 - 1) / row, float(op.ratio)))
    )
    return rounded_ends(exact, bound, op.zero_point, node.type.range)
