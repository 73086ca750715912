# SPDX-License-Identifier: Apache-2.0
"""A stand-in for `Real` in float64 arrays: fast guesses, which exact arithmetic checks afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np


@dataclass(frozen=True, eq=False)
class Floats:
    """Float64 numbers with the operations that elementwise functions are written in (see `hwgen.numerics.real`)."""

    value: np.ndarray

    @staticmethod
    def _plain(other: Floats | Fraction | int) -> np.ndarray | float:
        return other.value if isinstance(other, Floats) else float(other)

    def __add__(self, other: Floats | Fraction | int) -> Floats:
        return Floats(self.value + self._plain(other))

    def __sub__(self, other: Floats | Fraction | int) -> Floats:
        return Floats(self.value - self._plain(other))

    def __rsub__(self, other: Fraction | int) -> Floats:
        return Floats(float(other) - self.value)

    def __mul__(self, other: Floats | Fraction | int) -> Floats:
        return Floats(self.value * self._plain(other))

    def __truediv__(self, other: Floats | Fraction | int) -> Floats:
        return Floats(self.value / self._plain(other))

    def __rtruediv__(self, other: Fraction | int) -> Floats:
        return Floats(float(other) / self.value)

    def __pow__(self, exponent: Floats | Fraction | int) -> Floats:
        return Floats(self.value ** self._plain(exponent))

    def __neg__(self) -> Floats:
        return Floats(-self.value)

    def __abs__(self) -> Floats:
        return Floats(np.abs(self.value))

    __radd__, __rmul__ = __add__, __mul__

    def maximum(self, other: Floats | Fraction | int) -> Floats:
        return Floats(np.maximum(self.value, self._plain(other)))

    def minimum(self, other: Floats | Fraction | int) -> Floats:
        return Floats(np.minimum(self.value, self._plain(other)))

    def exp(self) -> Floats:
        return Floats(np.exp(self.value))

    def log(self) -> Floats:
        return Floats(np.log(self.value))

    def sqrt(self) -> Floats:
        return Floats(np.sqrt(self.value))

    def sin(self) -> Floats:
        return Floats(np.sin(self.value))

    def cos(self) -> Floats:
        return Floats(np.cos(self.value))

    def erf(self) -> Floats:
        return Floats(np.vectorize(math.erf, otypes=[np.float64])(self.value))

    def stepwise(self, function: Callable[[Fraction], int]) -> Floats:
        return Floats(np.vectorize(lambda v: float(function(Fraction(v))), otypes=[np.float64])(self.value))
