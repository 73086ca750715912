# SPDX-License-Identifier: Apache-2.0
"""Many real numbers at once, each between two float64: fast, and as sure as `Real`.

Every operation moves its ends outwards by more than it may be wrong: one unit for the operations that IEEE 754 rounds
correctly, 2**-48 of the value for exp, log, sin, cos and erf, which the C library and NumPy give to a few units. Where
both ends lead to the same integer, the exact number does as well; where they do not, `Real` has to be asked.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real

SLACK = 2.0**-48
Other: TypeAlias = "Enclosures | Real | Fraction | int"


class Enclosures:
    """Arrays of lower and upper ends; NaN or infinite where nothing is known. The operations are those of `Real`.

    value: the exact number, where it is one constant.
    """

    precision = 64
    __array_ufunc__ = None

    def __init__(self, low: np.ndarray, high: np.ndarray, value: Fraction | None = None):
        self.low, self.high, self.value = low, high, value

    @classmethod
    def of(cls, values: list[Fraction]) -> Enclosures:
        """The given numbers, not yet rounded."""
        nearest = np.array([float(v) for v in values])
        return cls(*_outwards(nearest, nearest))

    @classmethod
    def integers(cls, values: np.ndarray) -> Enclosures:
        """Integers of less than 53 bits."""
        return cls(values.astype(np.float64), values.astype(np.float64))

    @classmethod
    def constant(cls, value: Fraction) -> Enclosures:
        nearest = np.array(float(value))
        return cls(*_outwards(nearest, nearest), value)

    @property
    def middle(self) -> np.ndarray:
        """The best guess."""
        return self.low + (self.high - self.low) / 2

    def _other(self, other: Other) -> Enclosures:
        if isinstance(other, Enclosures):
            return other
        ends = other.enclosure() if isinstance(other, Real) else (Fraction(other), Fraction(other))
        if not isinstance(ends, tuple):
            return Enclosures(np.array(np.nan), np.array(np.nan))
        return Enclosures(*_outwards(np.array(float(ends[0])), np.array(float(ends[1]))))

    def __add__(self, other: Other) -> Enclosures:
        b = self._other(other)
        return Enclosures(*_outwards(self.low + b.low, self.high + b.high))

    def __neg__(self) -> Enclosures:
        return Enclosures(-self.high, -self.low)

    def __sub__(self, other: Other) -> Enclosures:
        return self + -self._other(other)

    def __rsub__(self, other: Fraction | int) -> Enclosures:
        return self._other(other) - self

    def __mul__(self, other: Other) -> Enclosures:
        b = self._other(other)
        products = (self.low * b.low, self.low * b.high, self.high * b.low, self.high * b.high)
        return Enclosures(*_outwards(np.minimum.reduce(products), np.maximum.reduce(products)))

    def __truediv__(self, other: Other) -> Enclosures:
        b = self._other(other)
        unknown = np.where((b.low <= 0) & (b.high >= 0), np.nan, 1.0)
        return self * Enclosures(*_outwards(unknown / b.high, unknown / b.low))

    def __rtruediv__(self, other: Fraction | int) -> Enclosures:
        return self._other(other) / self

    def __pow__(self, exponent: Other) -> Enclosures:
        power = exponent.value if isinstance(exponent, (Real, Enclosures)) else exponent
        if power == Fraction(1, 2):
            return self.sqrt()
        if not isinstance(power, (int, Fraction)) or power.denominator != 1 or not 1 <= power <= 8:
            return (self.log() * exponent).exp()
        result = self
        for _ in range(int(power) - 1):
            result = result * self
        return result

    __radd__, __rmul__ = __add__, __mul__

    def maximum(self, other: Other) -> Enclosures:
        b = self._other(other)
        return Enclosures(np.maximum(self.low, b.low), np.maximum(self.high, b.high))

    def minimum(self, other: Other) -> Enclosures:
        b = self._other(other)
        return Enclosures(np.minimum(self.low, b.low), np.minimum(self.high, b.high))

    def __abs__(self) -> Enclosures:
        return self.maximum(-self)

    def sqrt(self) -> Enclosures:
        return Enclosures(*_outwards(np.sqrt(self.low), np.sqrt(self.high)))

    def exp(self) -> Enclosures:
        return self._rising(np.exp)

    def log(self) -> Enclosures:
        return self._rising(np.log)

    def erf(self) -> Enclosures:
        return self._rising(np.vectorize(math.erf, otypes=[np.float64]))

    def sin(self) -> Enclosures:
        return self._wave(np.sin)

    def cos(self) -> Enclosures:
        return self._wave(np.cos)

    def stepwise(self, function: Callable[[Fraction], int]) -> Enclosures:
        """A function that only jumps upwards."""
        each = np.vectorize(lambda v: float(function(Fraction(v))) if math.isfinite(v) else math.nan, otypes=[float])
        return Enclosures(each(self.low), each(self.high))

    def _rising(self, function: Callable[[np.ndarray], np.ndarray]) -> Enclosures:
        low, high = function(self.low), function(self.high)
        return Enclosures(*_outwards(low - np.abs(low) * SLACK, high + np.abs(high) * SLACK))

    def _wave(self, function: Callable[[np.ndarray], np.ndarray]) -> Enclosures:
        """Sine or cosine: its slope is at most 1."""
        middle, width = function(self.low), (self.high - self.low) + SLACK
        return Enclosures(*_outwards(middle - width, middle + width))

    def codes(self, scale: Fraction, zero_point: int, out: IntRange) -> tuple[np.ndarray, np.ndarray]:
        """(``clip(round_half_even(x / scale) + zero_point)`` as int64, where that is certain)."""
        steps = self / scale
        ends = [np.clip(np.rint(e) + zero_point, out.lo, out.hi) for e in (steps.low, steps.high)]
        sure = np.isfinite(steps.low) & np.isfinite(steps.high) & (ends[0] == ends[1])
        return np.where(sure, ends[0], 0).astype(np.int64), sure


def _outwards(low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
