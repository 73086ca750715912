# SPDX-License-Identifier: Apache-2.0
"""Which straight lines, rounded and clamped, are a given staircase: an exact two-variable feasibility problem.

``clamp(floor(m * acc + b))`` equals a staircase exactly when the line passes on the right side of both ends of each
step: at or above the step's value at one end, below value + 1 at the other. For a slope m the offsets b that do so
are an interval, whose length is a concave, piecewise linear function of m; so the slopes with a non-empty interval
are an interval too. `LineProblem.slopes` finds its ends exactly, in rational arithmetic, by Newton's method, which
needs finitely many steps on such a function. The rest is listing integers in that interval: multiplier / 2**shift
for a multiply and shift, the simplest fraction for a division.

Rounding ties to even (or to odd) is the same problem with b moved by 1/2, and with the ties at every second step on
the other side.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

Ties = Literal["up", "even", "odd"]


@dataclass(frozen=True)
class Line:
    """``(acc * multiplier + addend) / divisor``, before rounding."""

    multiplier: int
    addend: int
    divisor: int


@dataclass(frozen=True)
class LineProblem:
    """The lines that equal `staircase` when the rounded result is clamped to `clamp`, which holds all its values."""

    staircase: Staircase
    clamp: IntRange

    @cached_property
    def _constraints(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """(x, value) that the line must reach, (x, value) that it must stay below. The clamp lifts the others."""
        points, values = self.staircase.check_points
        domain = self.staircase.domain
        wide = max(abs(domain.lo), abs(domain.hi), domain.size) * max(abs(self.clamp.lo), abs(self.clamp.hi), 1) >> 59
        points, values = (array.astype(object) if wide else array for array in (points, values))
        first, last, step_values = points[0::2], points[1::2], values[0::2]
        if self.staircase.direction < 0:
            first, last = last, first
        reach, stay = step_values > self.clamp.lo, step_values < self.clamp.hi
        return first[reach], step_values[reach], last[stay], step_values[stay] + 1

    @cached_property
    def slopes(self) -> tuple[Fraction | None, Fraction | None] | None:
        """Ends of the closed interval of slopes, None for infinite; None alone if there is no line at all.

        Of a staircase that is not constant: the smallest slope of a rising one is finite, and vice versa.
        """
        try:
            return self._boundary(1), self._boundary(-1)
        except _NoLine:
            return None

    def _boundary(self, side: int) -> Fraction | None:
        """The smallest (side 1) or largest (side -1) slope, from outside: each step solves the most violated pair."""
        reach_x, reach_y, stay_x, stay_y = self._constraints
        i, j = int((reach_x * side).argmax()), int((stay_x * side).argmin())
        if (reach_x[i] - stay_x[j]) * side <= 0:
            return None
        while True:
            run = int(reach_x[i] - stay_x[j])
            if run * side <= 0:
                raise _NoLine
            slope = Fraction(int(reach_y[i] - stay_y[j]), run)
            need = reach_y * slope.denominator - reach_x * slope.numerator
            room = stay_y * slope.denominator - stay_x * slope.numerator
            i, j = int(need.argmax()), int(room.argmin())
            if room[j] >= need[i]:
                return slope

    def shift_line(self, ties: Ties, max_multiplier_bits: int) -> Line | None:
        """The line with the smallest power of two as divisor, hence the shortest multiplier; None if there is none.

        For ties "up", no shorter multiplier exists. For the others one bit less may exist in rare cases.
        """
        if self.staircase.direction == 0:
            return Line(0, self.staircase.values[0], 1)
        if self.slopes is None or (self.slopes[0] == self.slopes[1] and ties == "up"):
            return None
        shift = 0
        while True:
            candidates = self._multipliers(1 << shift)
            if any(candidates) and min(abs(m) for m in candidates if m).bit_length() > max_multiplier_bits:
                return None
            for multiplier in candidates:
                if addends := self._addends(multiplier, 1 << shift, ties):
                    return Line(multiplier, roundest(*addends), 1 << shift)
            single = self.slopes[0] if self.slopes[0] == self.slopes[1] else None
            if single is not None and 2 * single.denominator < 1 << shift:
                return None  # neither the only slope nor its double did it
            shift += 1

    def _multipliers(self, divisor: int) -> list[int]:
        """Integers M with M / divisor among the slopes, the shortest and then the roundest first."""
        assert self.slopes is not None
        low, high = self.slopes
        first = -(-low.numerator * divisor // low.denominator) if low is not None else None
        last = high.numerator * divisor // high.denominator if high is not None else None
        if first is None:  # one end is open: look at the smallest few
            first = 3 * (last or 0) - 2
        if last is None:
            last = 3 * first + 2
        if first > last:
            return []
        middle = (first + last) // 2
        tries = (roundest(first, last), middle, first, min(first + 1, last), max(last - 1, first), last)
        return sorted(set(tries), key=lambda m: (m.bit_length(), -(m & -m), m))

    def _addends(self, multiplier: int, divisor: int, ties: Ties) -> tuple[int, int] | None:
        """The interval of integer addends for a multiplier, if there are any."""
        reach_x, reach_y, stay_x, stay_y = self._constraints
        largest = max(abs(self.staircase.domain.lo), abs(self.staircase.domain.hi)) * abs(multiplier)
        if largest + divisor * (max(abs(self.clamp.lo), abs(self.clamp.hi)) + 2) >= 1 << 62:
            reach_x, reach_y, stay_x, stay_y = (v.astype(object) for v in (reach_x, reach_y, stay_x, stay_y))
        need = first_numerator(reach_y, divisor, ties) - reach_x * multiplier
        room = first_numerator(stay_y, divisor, ties) - stay_x * multiplier
        low, high = int(need.max()), int(room.min()) - 1
        return (low, high) if low <= high else None


class _NoLine(Exception):
    """The most violated pair of constraints excludes all slopes."""


def first_numerator(value: np.ndarray, divisor: int, ties: Ties) -> np.ndarray:
    """The smallest numerator that rounds to `value` or more over `divisor` (a power of two unless ties are "up")."""
    if ties == "up" or divisor == 1:
        return value * divisor
    return np.asarray((2 * value - 1) * (divisor // 2) + ((value & 1) ^ (ties == "odd")))


def roundest(low: int, high: int) -> int:
    """The integer between low and high (both included) with the most trailing zero bits; 0 if it is between."""
    if low <= 0 <= high:
        return 0
    zeros = max(low.bit_length(), high.bit_length())
    while (-(-low >> zeros) << zeros) > high:
        zeros -= 1
    return -(-low >> zeros) << zeros
