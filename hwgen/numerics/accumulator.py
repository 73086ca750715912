# SPDX-License-Identifier: Apache-2.0
"""Exact ranges of sums with known weights.

The largest value of ``sum_k w_k * x_k`` takes the largest x for each positive weight and the smallest x for each
negative one. Every x may be chosen freely, so these ranges are exact, not only bounds.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.numerics.range import IntRange


def channel_ranges(weights: np.ndarray, x: IntRange | Sequence[IntRange]) -> tuple[IntRange, ...]:
    """Exact range of each channel's sum. weights: integers (channels, K); x: one range, or one for each of the K."""
    low, high = _sorted_products(weights, x)
    return _rows(low, high)


def accumulator_range(weights: np.ndarray, x: IntRange | Sequence[IntRange]) -> IntRange:
    """Exact range over all channels: the smallest type that holds every finished sum."""
    ranges = channel_ranges(weights, x)
    return IntRange(min(r.lo for r in ranges), max(r.hi for r in ranges))


def partial_sum_range(weights: np.ndarray, x: IntRange | Sequence[IntRange]) -> IntRange:
    """Holds 0 and every sum of some of the products, in any order: what an adder may see on the way."""
    low, high = _sorted_products(weights, x)
    ranges = _rows(np.minimum(low, 0), np.maximum(high, 0))
    return IntRange(min(r.lo for r in ranges), max(r.hi for r in ranges))


def _sorted_products(weights: np.ndarray, x: IntRange | Sequence[IntRange]) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and largest product for each weight, in int64 if no row can overflow it, else in Python integers."""
    weights = np.asarray(weights)
    if weights.ndim != 2 or 0 in weights.shape:
        raise ValueError(f"weights must have shape (channels, K), not {weights.shape}")
    ranges = [x] if isinstance(x, IntRange) else list(x)
    if len(ranges) not in (1, weights.shape[1]):
        raise ValueError(f"{len(ranges)} ranges for {weights.shape[1]} weights a channel")
    largest_x = max(max(abs(r.lo), abs(r.hi)) for r in ranges)
    largest_w = max(abs(int(weights.min())), abs(int(weights.max())))
    dtype = np.int64 if largest_x * largest_w * weights.shape[1] < 1 << 63 and largest_x < 1 << 63 else object
    at_low = weights.astype(dtype) * np.array([r.lo for r in ranges], dtype)
    at_high = weights.astype(dtype) * np.array([r.hi for r in ranges], dtype)
    return np.minimum(at_low, at_high), np.maximum(at_low, at_high)


def _rows(low: np.ndarray, high: np.ndarray) -> tuple[IntRange, ...]:
    return tuple(IntRange(lo, hi) for lo, hi in zip(low.sum(axis=1), high.sum(axis=1), strict=True))
