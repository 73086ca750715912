# SPDX-License-Identifier: Apache-2.0
"""How far a float32 LayerNorm or RMSNorm can be off, whichever way an engine computes its variance.

In units of a code, with u = 2**-24: dequantizing rounds each x once, so it is off by u * |x|. A sum is off by u times its
partial sums (`hwgen.comparison.blocked_sums`). From there every error is carried on to first order:

- the mean by what the sum, its terms and the division by n are off;
- a deviation x - mean by both and its own rounding;
- the variance, in one pass as ``mean(x * x) - mean**2`` by the errors of both, which do not shrink where they cancel, or in
  two passes as ``mean((x - mean)**2)`` by twice the deviations times their errors: the larger counts, as engines do either;
- the root by what is left of the variance with epsilon when that error is taken off.

With a mean far larger than the deviation the first of these can be as large as the variance: then any code may come out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.comparison.blocked_sums import largest_partial_sums
from hwgen.ir.graph import Node
from hwgen.kernels.layer_norm.op import LayerNorm

UNIT = 2.0**-24
DIVISION = 2
"""Roundings of a division by n: perhaps a product with 1 / n, which is rounded as well."""
ROOT = 4
"""Of the square root, of a reciprocal or division, and of the product with it."""
BEHIND = 8
"""Of gain, bias, their dequantization, and the division by the scale of the result."""
SECOND_ORDER = 1.001
"""Products of errors, which are left out everywhere else."""


@dataclass(frozen=True, eq=False)
class _Row:
    """What rows of real numbers x (in codes, the last axis) are normalized by, and how far float32 is off it."""

    deviation: np.ndarray
    deviation_error: np.ndarray
    variance: np.ndarray
    variance_error: np.ndarray


def norm_bound(node: Node, codes: np.ndarray, zero_point: int) -> tuple[np.ndarray, np.ndarray]:
    """(value in front of the rounding, bound of the distance between an engine's and ours), in LSB of the result.

    codes: of the operand, ``(samples, *shape)``. The bound holds the declared error of the operator itself.
    """
    op: LayerNorm = node.op  # type: ignore[assignment]
    x = np.moveaxis(codes.astype(np.float64) - zero_point, 1 + op.axis, -1)
    n = x.shape[-1]
    row = _centered(x) if op.centered else _plain(x)
    epsilon = op.epsilon / 2.0**op.epsilon_bits / (n * n if op.centered else n)
    gain = np.array([float(g) for g in op.gains]) / 2.0**op.gain_bits / (1.0 if op.centered else np.sqrt(n))
    bias = np.array([float(b) for b in op.biases]) / 2.0**op.bias_bits
    power = row.variance + epsilon
    error = SECOND_ORDER * row.variance_error + UNIT * power
    with np.errstate(divide="ignore", invalid="ignore"):
        root, least = 1 / np.sqrt(power), 1 / np.sqrt(np.maximum(power - error, 0.0))
        off = (
            np.abs(row.deviation) * (least - root) + (row.deviation_error + ROOT * UNIT * np.abs(row.deviation)) * least
        )
        off = np.where(np.isnan(off), np.inf, off)
    scaled = gain * row.deviation * root
    value = scaled + bias
    bound = np.abs(gain) * off + BEHIND * UNIT * (np.abs(scaled) + np.abs(bias) + np.abs(value))
    bound = np.where(gain == 0, 0.0, bound) + BEHIND * UNIT * np.abs(bias) + float(op.error(n))
    return tuple(np.moveaxis(v, -1, 1 + op.axis) for v in (value, bound))  # type: ignore[return-value]


def _centered(x: np.ndarray) -> _Row:
    n = x.shape[-1]
    mean = x.mean(axis=-1, keepdims=True)
    deviation = x - mean
    variance = _mean(deviation**2)
    mean_error = UNIT * (_partial(x) / n + _mean(np.abs(x)) + DIVISION * np.abs(mean))
    deviation_error = UNIT * np.abs(x) + mean_error + UNIT * np.abs(deviation)
    power = _mean(x**2)
    one_pass = UNIT * (_partial(x**2) / n + (3 + DIVISION) * power + mean**2 + variance) + 2 * np.abs(mean) * mean_error
    two_passes = UNIT * (_partial(deviation**2) / n + (1 + DIVISION) * variance)
    two_passes = two_passes + _mean(2 * np.abs(deviation) * deviation_error)
    return _Row(deviation, deviation_error, variance, np.maximum(one_pass, two_passes))


def _plain(x: np.ndarray) -> _Row:
    power = _mean(x**2)
    error = UNIT * (_partial(x**2) / x.shape[-1] + (3 + DIVISION) * power)
    return _Row(x, UNIT * np.abs(x), power, error)


def _mean(values: np.ndarray) -> np.ndarray:
    return np.asarray(values.mean(axis=-1, keepdims=True))


def _partial(terms: np.ndarray) -> np.ndarray:
    return largest_partial_sums(terms.reshape(-1, terms.shape[-1])).reshape(*terms.shape[:-1], 1)
