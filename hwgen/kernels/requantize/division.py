# SPDX-License-Identifier: Apache-2.0
"""The staircase as a division by steps: exact constants for a requantizer without any multiplier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hwgen.kernels.requantize.indexing import Indexing, index_staircase
from hwgen.numerics.forms import Form
from hwgen.numerics.line import LineProblem, roundest
from hwgen.numerics.proof import prove
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

MOST_FRACTION_BITS = 32


@dataclass(frozen=True)
class StepDivision(Form):
    """index = numerator // divisor, limited to 0 .. 2**bits - 1, with numerator = acc * 2**fraction + addend.

    Where ties are rounded to even, thresholds of even and odd indices follow different lines: for the last bit alone
    the numerator is larger by `nudge`. The index becomes the code as `index` says. One entry a channel; the fraction
    is common to all. A channel that is not `live` has the same code for every accumulator, and takes 0 in its place.
    """

    kind: ClassVar[str] = "division"
    index: Indexing
    fraction: int
    divisor: tuple[int, ...]
    addend: tuple[int, ...]
    nudge: tuple[int, ...]
    live: tuple[bool, ...]

    @cached_property
    def intermediates(self) -> dict[str, IntRange]:
        ends = [
            (acc * live << self.fraction) + addend
            for domain, addend, live in zip(self.domains, self.addend, self.live, strict=True)
            for acc in (domain.lo, domain.hi)
        ]
        return {"acc": self.domain, "numerator": IntRange(min(ends), max(ends)), "result": self.clamp}

    def evaluate(self, acc: np.ndarray, channel: int | np.ndarray) -> np.ndarray:
        """Channel is one number here. Outside of the divisor's reach all bits are 0, or all are 1."""
        assert isinstance(channel, int)
        wide = max(r.width for r in self.intermediates.values()) > 60
        live = np.asarray(acc).astype(object if wide else np.int64) * self.live[channel]
        numerator = (live << self.fraction) + self.addend[channel]
        divisor, top = self.divisor[channel], (1 << self.index.bits) - 1
        pair = numerator // (2 * divisor)
        odd = numerator + self.nudge[channel] >= (2 * pair + 1) * divisor
        found = np.where(pair < 0, 0, np.where(pair > top // 2, top, 2 * pair + odd))
        return self.index.codes(found.astype(np.int64), channel)


def find_division(staircases: Sequence[Staircase], index: Indexing) -> StepDivision | None:
    """The shortest divisors under one common fraction, proven; None where some channel has none."""
    found = []
    for staircase in staircases:
        channel = _shortest(staircase, index)
        if channel is None:
            return None
        found.append(channel)
    fraction = max(c.fraction for c in found)
    scales = [1 << (fraction - c.fraction) if c.live else 1 for c in found]
    divisor, addend, nudge = (
        tuple(n * k for n, k in zip(numbers, scales, strict=True))
        for numbers in ([c.divisor for c in found], [c.addend for c in found], [c.nudge for c in found])
    )
    live = tuple(c.live for c in found)
    clamp = IntRange(min(s.range.lo for s in staircases), max(s.range.hi for s in staircases))
    domains = tuple(s.domain for s in staircases)
    return prove(StepDivision(domains, clamp, index, fraction, divisor, addend, nudge, live), staircases)


@dataclass(frozen=True)
class _Channel:
    """The constants of one channel, under a fraction of its own."""

    fraction: int
    divisor: int
    addend: int
    nudge: int = 0
    live: bool = True


def _shortest(staircase: Staircase, index: Indexing) -> _Channel | None:
    """The constants of one channel, without a nudge if possible."""
    if staircase.direction == 0:
        return _constant(staircase, index)
    rising, clamp = index_staircase(staircase, index)
    line = _Half(rising, clamp, 1)
    return _search(line, line) or _search(_Half.of_even(rising, clamp), _Half.of_odd(rising, clamp))


def _constant(staircase: Staircase, index: Indexing) -> _Channel:
    """A channel of one code: an addend that saturates for the first and last code, else an accumulator held at 0."""
    code, domain = staircase.values[0] - index.lo, staircase.domain
    if code == 0:
        return _Channel(0, 1, -domain.hi)
    return _Channel(0, 1, code - domain.lo) if code == (1 << index.bits) - 1 else _Channel(0, 1, code, live=False)


@dataclass(frozen=True)
class _Half:
    """The thresholds of all indices (factor 1), or of every second one (factor 2), as a staircase of their own.

    Its step j begins where ``numerator >= (factor * j - lead) * divisor``.
    """

    staircase: Staircase
    clamp: IntRange
    factor: int
    lead: int = 0

    @classmethod
    def of_even(cls, rising: Staircase, clamp: IntRange) -> _Half:
        values = [value // 2 for value in rising.values]
        steps = Staircase.of_steps(rising.domain, list(rising.thresholds), values)
        return cls(steps, IntRange(clamp.lo // 2, clamp.hi // 2), 2)

    @classmethod
    def of_odd(cls, rising: Staircase, clamp: IntRange) -> _Half:
        values = [(value + 1) // 2 for value in rising.values]
        steps = Staircase.of_steps(rising.domain, list(rising.thresholds), values)
        return cls(steps, IntRange((clamp.lo + 1) // 2, (clamp.hi + 1) // 2), 2, 1)

    @cached_property
    def divisors(self) -> tuple[Fraction, Fraction | None] | None:
        """Ends of the closed interval of divisor / 2**fraction, None for infinite; None alone if it is empty."""
        slopes = LineProblem(self.staircase, self.clamp).slopes
        if slopes is None or (slopes[1] is not None and slopes[1] <= 0):
            return None if self.staircase.direction else (Fraction(0), None)
        low, high = slopes
        least = Fraction(0) if high is None else 1 / (high * self.factor)
        return least, (1 / (low * self.factor) if low is not None and low > 0 else None)

    def addends(self, divisor: int, fraction: int) -> tuple[int, int] | None:
        """The interval of addends with which `divisor` puts every threshold in its place, if there are any."""
        points, values = self.staircase.check_points
        if self.staircase.domain.width + fraction > 60:
            points, values = points.astype(object), values.astype(object)
        first, last, value = points[0::2], points[1::2], values[0::2]
        reach, stay = value > self.clamp.lo, value < self.clamp.hi
        need = ((self.factor * value - self.lead) * divisor - (first << fraction))[reach]
        room = ((self.factor * (value + 1) - self.lead) * divisor - (last << fraction))[stay]
        low = int(need.max()) if len(need) else int(room.min()) - divisor if len(room) else 0
        high = int(room.min()) - 1 if len(room) else low + divisor
        return (low, high) if low <= high else None


def _search(even: _Half, odd: _Half) -> _Channel | None:
    """The least fraction for which both halves have addends under one divisor."""
    ends = [half.divisors for half in (even, odd)]
    if ends[0] is None or ends[1] is None:
        return None
    least = max(low for low, _ in ends if low is not None)  # type: ignore[misc]
    most = min((high for _, high in ends if high is not None), default=None)  # type: ignore[misc]
    for fraction in range(MOST_FRACTION_BITS + 1):
        first = max(1, -(-(least.numerator << fraction) // least.denominator))
        last = 2 * first if most is None else (most.numerator << fraction) // most.denominator
        for divisor in dict.fromkeys((first, (first + last) // 2, last)) if first <= last else ():
            of_even = even.addends(divisor, fraction)
            of_odd = of_even if odd is even else odd.addends(divisor, fraction)
            if of_even is None or of_odd is None:
                continue
            both = max(of_even[0], of_odd[0]), min(of_even[1], of_odd[1])
            if both[0] <= both[1]:
                return _Channel(fraction, divisor, roundest(*both))
            addend = roundest(*of_even)
            return _Channel(fraction, divisor, addend, roundest(of_odd[0] - addend, of_odd[1] - addend))
    return None
