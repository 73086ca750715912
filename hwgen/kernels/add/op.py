# SPDX-License-Identifier: Apache-2.0
"""Add: the sum (or difference) of two streams of different scales, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange
from hwgen.numerics.two_input import sum_codes, sum_table


@dataclass(frozen=True)
class Add(Op):
    """y = clip(round_half_even(a * ratio_a + b * ratio_b + offset) + zero_point), exact over the rationals.

    A negative ratio makes it a Sub. offset carries both zero points; `out` also holds a fused Relu or Clip.
    """

    ratio_a: Fraction
    ratio_b: Fraction
    offset: Fraction
    zero_point: int
    out: IntRange

    def infer(self, *src: Node) -> TensorType:
        a, b = (s.type for s in src)
        if a.shape != b.shape:
            raise ValueError(f"Add of {a.shape} and {b.shape}")
        ends = np.array([a.range.lo, a.range.hi])[:, np.newaxis], np.array([b.range.lo, b.range.hi])
        return TensorType(a.shape, IntRange.of_array(self.codes(*ends)))  # monotone in each operand

    def codes(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The result for integer arrays that broadcast."""
        return sum_codes(a, b, self.ratio_a, self.ratio_b, self.offset, self.zero_point, self.out)

    def table(self, a: IntRange, b: IntRange) -> np.ndarray:
        """Every result, shape ``(a.size, b.size)``."""
        return sum_table(a, b, self.ratio_a, self.ratio_b, self.offset, self.zero_point, self.out)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        a, b = values
        range_a, range_b = IntRange.of_array(a), IntRange.of_array(b)
        if range_a.size * range_b.size > max(1 << 16, a.size):
            return self.codes(a, b)
        table = self.table(range_a, range_b)
        return table[a.astype(np.int64) - range_a.lo, b.astype(np.int64) - range_b.lo]
