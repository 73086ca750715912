# SPDX-License-Identifier: Apache-2.0
"""Softmax of integer codes over one axis: powers from a table, an exact sum, one rounded division."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import ceil

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.functions import rounded_codes
from hwgen.numerics.range import IntRange

LEAST_FRACTION_BITS = 24
"""With this many, no output of rows up to 4096 was seen that is not correctly rounded."""
MOST_ERROR = Fraction(1, 100)
"""LSB by which the quotient may lie off the real value before it is rounded."""


@dataclass(frozen=True)
class Softmax(Op):
    """``y = clip(rne(numerator[d] / sum of terms[d]) + zero_point)`` for ``d = (largest code of the row) - code``.

    terms[d] = rne(2**fraction_bits * exp(-scale * d)) and numerators[d] = rne(2**fraction_bits * ratio * exp(-scale *
    d)), both correctly rounded; rne is half to even. scale: of the input grid; ratio: 1 / scale of the output grid.
    The largest code takes the place of the largest logit, so no power exceeds 1 and nothing can overflow.
    """

    axis: int
    scale: Fraction
    ratio: Fraction
    zero_point: int
    out: IntRange
    fraction_bits: int

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        highest = self.out.clamp(self.zero_point + round(self.ratio))
        return TensorType(x.shape, IntRange(min(self.out.clamp(self.zero_point), highest), highest))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        x = values[0].astype(np.int64)
        axis = 1 + self.axis
        depth = x.max(axis=axis, keepdims=True) - x
        terms, numerators = (np.array(table, np.int64) for table in self.tables(int(depth.max()) + 1))
        total = terms[depth].sum(axis=axis, keepdims=True)
        twice = 2 * numerators[depth] + total
        quotient, rest = np.divmod(twice, 2 * total)
        return np.clip(quotient - ((rest == 0) & (quotient & 1)) + self.zero_point, self.out.lo, self.out.hi)

    def tables(self, entries: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """(terms, numerators) for the first `entries` differences."""
        grid = Fraction(1, 1 << self.fraction_bits)
        return _powers(self.scale, grid, entries), _powers(self.scale, grid / self.ratio, entries)


@lru_cache(maxsize=64)
def _powers(scale: Fraction, grid: Fraction, entries: int) -> tuple[int, ...]:
    """exp(-scale * d) on a grid, correctly rounded."""
    most = IntRange(0, ceil(1 / grid))
    return tuple(rounded_codes(lambda x: x.exp(), (-scale * d for d in range(entries)), grid, 0, most))


def fraction_bits(row: int, ratio: Fraction) -> int:
    """Bits for which the quotient of a row of `row` elements is at most `MOST_ERROR` off before it is rounded.

    Each table entry is off by at most 1/2. With E = 2**bits and y = ratio * exp / sum <= ratio, the quotient is off by
    at most (1/2 + y * row / 2) / (E - row / 2).
    """
    needed = (Fraction(1, 2) + ratio * row / 2) / MOST_ERROR + Fraction(row, 2)
    return max(LEAST_FRACTION_BITS, (ceil(needed) - 1).bit_length())
