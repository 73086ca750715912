# SPDX-License-Identifier: Apache-2.0
"""Requantize: accumulator to codes, as an exact monotone staircase per channel."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Dialect, Requantizer
from hwgen.numerics.rounding_mode import Rounding
from hwgen.numerics.staircase import Staircase


@dataclass(frozen=True)
class Requantize(Op):
    """y = clip(round(x * ratio + offset) + zero_point) in the named dialect (docs/numerics.md).

    ratio, offset: exact fractions, one for the tensor or one per channel of `axis`; the ratio may have any sign.
    out: range of the result; narrower than its data type where a Relu or Clip is fused.
    rounding: how `round` rounds (hwgen/numerics/rounding_mode.py).
    """

    ratio: tuple[Fraction, ...]
    offset: tuple[Fraction, ...]
    zero_point: int
    dialect: Dialect
    out: IntRange
    axis: int = 1
    rounding: Rounding = "half_even"

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Planning looks this operator up thousands of times, and fractions are slow to hash."""
        return hash((self.ratio, self.offset, self.zero_point, self.dialect, self.out, self.axis, self.rounding))

    @property
    def channels(self) -> int:
        return max(len(self.ratio), len(self.offset))

    @cached_property
    def requantizer(self) -> Requantizer:
        return Requantizer(self.ratio, self.offset, self.zero_point, self.dialect, self.out, self.rounding)

    def staircases(self, x: IntRange) -> tuple[Staircase, ...]:
        """The exact function of each channel over all of `x`."""
        return tuple(self.requantizer.staircase(x, channel) for channel in range(self.channels))

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if self.channels not in (1, x.shape[self.axis]):
            raise ValueError(f"Requantize of {self.channels} channels along axis {self.axis} of {x.shape}")
        ends = np.array([[x.range.lo] * self.channels, [x.range.hi] * self.channels])
        return TensorType(
            x.shape, IntRange.of_array(self.requantizer.evaluate(ends, axis=1))
        )  # each channel is monotone

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        return self.requantizer.evaluate(x, 1 + self.axis, self.out.dtype)
