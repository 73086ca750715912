# SPDX-License-Identifier: Apache-2.0
"""Real numbers that know how well they are known: exact fractions as long as possible, then enclosing intervals.

A `Real` is a Fraction, or an interval that surely holds the number (mpmath's interval arithmetic, rounded outwards at
a chosen precision), or an IEEE infinity or NaN. Expressions of Reals are evaluated at rising precision until the
answer wanted from them is the same at both ends of the interval. Ties need no luck: where an elementary function of
a rational number is rational (exp(0), sqrt(9/4), ...) the result stays a Fraction.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from mpmath import libmp
from mpmath.libmp import libmpi

Interval = tuple[tuple[int, int, int, int], tuple[int, int, int, int]]  # ends as raw mpmath floats
Number = Fraction | Interval | float  # a float is never finite
Exact = Callable[..., Any]  # of Fractions, or of float64 that are not finite
UNKNOWN: Interval = (libmp.fninf, libmp.finf)


class Real:
    """A real number and the precision (bits) at which functions of it are enclosed."""

    __slots__ = ("precision", "value")

    def __init__(self, value: Number | int, precision: int = 64):
        self.value: Number = value if isinstance(value, tuple) else _exact(value)
        self.precision = precision

    @classmethod
    def pi(cls, precision: int) -> Real:
        return cls(libmpi.mpi_pi(precision), precision)

    def enclosure(self) -> tuple[Fraction, Fraction] | float | None:
        """Both ends as fractions; an IEEE infinity or NaN; or None if nothing is known."""
        if isinstance(self.value, float):
            return self.value
        if isinstance(self.value, Fraction):
            return self.value, self.value
        if any(end in (libmp.finf, libmp.fninf, libmp.fnan) for end in self.value):
            return None
        low, high = (Fraction(*libmp.to_rational(end)) for end in self.value)
        return low, high

    def __add__(self, other: Real | Fraction | int) -> Real:
        return self._combine(other, lambda a, b: a + b, libmpi.mpi_add)

    def __sub__(self, other: Real | Fraction | int) -> Real:
        return self._combine(other, lambda a, b: a - b, libmpi.mpi_sub)

    def __mul__(self, other: Real | Fraction | int) -> Real:
        values = self.value, _value(other)
        if 0 in values and not any(isinstance(v, float) for v in values):
            return self._of(Fraction(0))
        return self._combine(other, lambda a, b: a * b, libmpi.mpi_mul)

    def __truediv__(self, other: Real | Fraction | int) -> Real:
        """As in IEEE, a division by zero is an infinity, or NaN for 0 / 0."""
        if _value(other) == 0:
            return self._of(_ieee(lambda a, b: a / b, _as_float(self.value), 0.0))
        return self._combine(other, lambda a, b: a / b, libmpi.mpi_div)

    def __neg__(self) -> Real:
        return self._of(Fraction(0)) - self

    __radd__, __rmul__ = __add__, __mul__

    def __rsub__(self, other: Fraction | int) -> Real:
        return self._of(_exact(other)) - self

    def __rtruediv__(self, other: Fraction | int) -> Real:
        return self._of(_exact(other)) / self

    def __pow__(self, exponent: Real | Fraction | int) -> Real:
        """NaN for a negative base unless the exponent is a known integer."""
        power = _value(exponent)
        if power == Fraction(1, 2):
            return self.sqrt()
        if not isinstance(power, Fraction) or power.denominator != 1:
            return (self.log() * exponent).exp()
        if isinstance(self.value, tuple):
            return self._of(libmpi.mpi_pow_int(self.value, int(power), self.precision))
        if isinstance(self.value, float) or (self.value == 0 and power < 0):
            return self._of(_ieee(lambda a, b: a**b, _as_float(self.value), float(power)))
        return self._of(self.value ** int(power))

    def maximum(self, other: Real | Fraction | int) -> Real:
        """The larger one. Stays exact where it is certainly the exact one."""
        a, b = self.value, _value(other)
        if isinstance(a, float) or isinstance(b, float):
            return self._of(_ieee_maximum(a, b))
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self._of(max(a, b))
        (a_low, a_high), (b_low, b_high) = (_interval(v, self.precision) for v in (a, b))
        if libmp.mpf_le(b_high, a_low):
            return self._of(a)
        if libmp.mpf_le(a_high, b_low):
            return self._of(b)
        return self._of((_larger(a_low, b_low), _larger(a_high, b_high)))

    def minimum(self, other: Real | Fraction | int) -> Real:
        return -((-self).maximum(-Real(_value(other), self.precision)))

    def __abs__(self) -> Real:
        return self.maximum(-self)

    def exp(self) -> Real:
        return self._elementary(libmpi.mpi_exp, np.exp, lambda x: Fraction(1) if x == 0 else None)

    def log(self) -> Real:
        """-inf at 0, NaN below."""
        return self._elementary(_mpi_log, np.log, _exact_log)

    def sqrt(self) -> Real:
        """NaN below 0."""
        return self._elementary(_mpi_sqrt, np.sqrt, _exact_sqrt)

    def sin(self) -> Real:
        return self._elementary(libmpi.mpi_sin, np.sin, lambda x: x if x == 0 else None)

    def cos(self) -> Real:
        return self._elementary(libmpi.mpi_cos, np.cos, lambda x: Fraction(1) if x == 0 else None)

    def erf(self) -> Real:
        return self._elementary(_mpi_erf, math.erf, lambda x: x if x == 0 else None)

    def stepwise(self, function: Callable[[Fraction], int]) -> Real:
        """A function that only jumps upwards, of integer values: floor, ceil, sign, a comparison with a number.

        An infinity counts as a number of 200 bits.
        """
        ends = self.enclosure()
        if isinstance(ends, float):
            far = Fraction((1 << 200) * (1 if ends > 0 else -1))
            return self._of(ends if math.isnan(ends) else Fraction(function(far)))
        if ends is None:
            return self._of(UNKNOWN)
        low, high = function(ends[0]), function(ends[1])
        return self._of(Fraction(low) if low == high else (libmp.from_int(low), libmp.from_int(high)))

    def _of(self, value: Number) -> Real:
        return Real(value, self.precision)

    def _combine(self, other: Real | Fraction | int, exact: Exact, interval: Callable[..., Interval]) -> Real:
        a, b = self.value, _value(other)
        if isinstance(a, Fraction) and isinstance(b, Fraction):
            return self._of(exact(a, b))
        if isinstance(a, float) or isinstance(b, float):
            return self._of(_ieee(exact, _as_float(a), _as_float(b)))
        return self._of(interval(_interval(a, self.precision), _interval(b, self.precision), self.precision))

    def _elementary(self, interval: Callable[..., Interval], ieee: Callable[..., float], exact: Exact) -> Real:
        if isinstance(self.value, float):
            with np.errstate(all="ignore"):
                return self._of(_exact(float(ieee(self.value))))
        if isinstance(self.value, Fraction) and (known := exact(self.value)) is not None:
            return self._of(known)
        return self._of(interval(_interval(self.value, self.precision), self.precision))


def _value(other: Real | Fraction | int) -> Number:
    return other.value if isinstance(other, Real) else _exact(other)


def _exact(value: Fraction | int | float) -> Fraction | float:
    return value if isinstance(value, float) and not math.isfinite(value) else Fraction(value)


def _interval(value: Number, precision: int) -> Interval:
    if isinstance(value, tuple):
        return value
    p, q = Fraction(value).as_integer_ratio()
    return libmp.from_rational(p, q, precision, "f"), libmp.from_rational(p, q, precision, "c")


def _as_float(value: Number) -> float:
    """An infinity or NaN itself; of anything finite only the sign, which is all that matters next to an infinity."""
    if isinstance(value, float):
        return value
    if isinstance(value, Fraction):
        return float((value > 0) - (value < 0))
    return float(libmp.mpf_sign(value[1])) or float(libmp.mpf_sign(value[0]))


def _ieee(function: Exact, a: float, b: float) -> Fraction | float:
    with np.errstate(all="ignore"):
        return _exact(float(function(np.float64(a), np.float64(b))))


def _ieee_maximum(a: Number, b: Number) -> Number:
    special, other = (a, b) if isinstance(a, float) else (b, a)
    if special == -math.inf:
        return other
    return math.nan if isinstance(other, float) and math.isnan(other) else special


def _larger(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return b if libmp.mpf_le(a, b) else a


def _exact_log(x: Fraction) -> Fraction | float | None:
    if x <= 0:
        return -math.inf if x == 0 else math.nan
    return Fraction(0) if x == 1 else None


def _exact_sqrt(x: Fraction) -> Fraction | float | None:
    if x < 0:
        return math.nan
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return root if root * root == x else None


def _mpi_log(x: Interval, precision: int) -> Interval:
    return libmpi.mpi_log(x, precision) if libmp.mpf_sign(x[0]) > 0 else UNKNOWN


def _mpi_sqrt(x: Interval, precision: int) -> Interval:
    return libmpi.mpi_sqrt(x, precision) if libmp.mpf_sign(x[0]) >= 0 else UNKNOWN


def _mpi_erf(x: Interval, precision: int) -> Interval:
    """Rising, so the ends suffice; 30 more bits than wanted leave room for any error of mpmath's erf."""
    ends = [libmp.mpf_erf(end, precision + 30) for end in x]
    slack = libmp.from_man_exp(1, -precision)
    low = libmp.mpf_sub(ends[0], libmp.mpf_mul(libmp.mpf_abs(ends[0]), slack), precision, "f")
    high = libmp.mpf_add(ends[1], libmp.mpf_mul(libmp.mpf_abs(ends[1]), slack), precision, "c")
    return low, high
