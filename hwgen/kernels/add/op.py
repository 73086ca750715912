# SPDX-License-Identifier: Apache-2.0
"""Add: the sum (or difference) of two streams of different scales, rounded once."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.float32 import sum_codes_float32
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Dialect
from hwgen.numerics.two_input import sum_codes, sum_table

LARGEST_TABLE = 1 << 16


@dataclass(frozen=True)
class Add(Op):
    """y = clip(round_half_even(a * ratio_a + b * ratio_b + offset) + zero_point).

    dialect "real": exact over the rationals. "ort": in float32, fma(a, ratio_a, fma(b, ratio_b, offset)) as onnxruntime
    on a CPU with FMA; its offset holds all zero points, so zero_point is 0, and the three factors are float32 numbers.

    A negative ratio makes it a Sub. offset carries both zero points; `out` also holds a fused Relu or Clip.
    """

    ratio_a: Fraction
    ratio_b: Fraction
    offset: Fraction
    zero_point: int
    out: IntRange
    dialect: Dialect = "real"

    def __post_init__(self) -> None:
        if self.dialect not in ("real", "ort") or (self.dialect == "ort" and self.zero_point):
            raise ValueError(f"no Add of dialect {self.dialect!r} with zero point {self.zero_point}")

    def infer(self, *src: Node) -> TensorType:
        a, b = (s.type for s in src)
        if a.shape != b.shape:
            raise ValueError(f"Add of {a.shape} and {b.shape}")
        ends = np.array([a.range.lo, a.range.hi])[:, np.newaxis], np.array([b.range.lo, b.range.hi])
        return TensorType(a.shape, IntRange.of_array(self.codes(*ends)))  # monotone in each operand

    @property
    def is_integer(self) -> bool:
        """Whether nothing is rounded."""
        factors = (self.ratio_a, self.ratio_b, self.offset)
        return self.dialect == "real" and all(f.denominator == 1 for f in factors)

    def codes(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The result for integer arrays that broadcast."""
        if self.dialect == "ort":
            return sum_codes_float32(a, b, self.ratio_a, self.ratio_b, self.offset, self.out)
        return sum_codes(a, b, self.ratio_a, self.ratio_b, self.offset, self.zero_point, self.out)

    def table(self, a: IntRange, b: IntRange) -> np.ndarray:
        """Every result, shape ``(a.size, b.size)``."""
        if self.dialect == "ort":
            return self.codes(np.arange(a.lo, a.hi + 1)[:, np.newaxis], np.arange(b.lo, b.hi + 1))
        return sum_table(a, b, self.ratio_a, self.ratio_b, self.offset, self.zero_point, self.out)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        a, b = values
        range_a, range_b = (IntRange.holding(v) for v in values)
        if range_a.size * range_b.size > LARGEST_TABLE:
            return self.codes(a, b)
        index = (a.astype(np.int32) - range_a.lo) * range_b.size + (b.astype(np.int32) - range_b.lo)
        return _flat_table(self, range_a, range_b)[index]


@lru_cache(maxsize=64)
def _flat_table(op: Add, a: IntRange, b: IntRange) -> np.ndarray:
    return op.table(a, b).astype(op.out.dtype).ravel()
