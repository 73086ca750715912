# SPDX-License-Identifier: Apache-2.0
"""Sums of two integers of different scales, rounded once: ``clip(round_half_even(a * ra + b * rb + c) + zp)``."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding import affine_round

MAX_TABLE = 1 << 24


def sum_codes(
    a: np.ndarray, b: np.ndarray, ra: Fraction, rb: Fraction, c: Fraction, zero_point: int, out: IntRange
) -> np.ndarray:
    """The exact output codes (int64) for two integer arrays of shapes that broadcast."""
    den = math.lcm(ra.denominator, rb.denominator)
    wa, wb = int(ra * den), int(rb * den)
    reach = sum(abs(w) * max((abs(int(x)) for x in (v.min(), v.max())), default=0) for w, v in ((wa, a), (wb, b)))
    dtype = np.int64 if max(reach, abs(wa), abs(wb)) < 1 << 62 else object
    total = np.asarray(a).astype(dtype) * wa + np.asarray(b).astype(dtype) * wb
    return affine_round(total, Fraction(1, den), c, out=_before_zero_point(out, zero_point)) + zero_point


def is_countable(a: IntRange, b: IntRange) -> bool:
    """Whether every pair of codes can be looked at."""
    return a.size * b.size <= MAX_TABLE


def sum_table(
    a: IntRange, b: IntRange, ra: Fraction, rb: Fraction, c: Fraction, zero_point: int, out: IntRange
) -> np.ndarray:
    """All exact output codes (int64), shape ``(a.size, b.size)``: entry [i, j] belongs to (a.lo + i, b.lo + j)."""
    if not is_countable(a, b):
        raise ValueError(f"a table over {a} x {b} has more than {MAX_TABLE} entries")
    rows = np.broadcast_to(np.arange(b.lo, b.hi + 1), (a.size, b.size))
    offsets = [value * Fraction(ra) + Fraction(c) for value in range(a.lo, a.hi + 1)]
    clipped = _before_zero_point(out, zero_point)
    return affine_round(rows, Fraction(rb), offsets, axis=0, out=clipped) + zero_point


def _before_zero_point(out: IntRange, zero_point: int) -> IntRange:
    return IntRange(out.lo - zero_point, out.hi - zero_point)
