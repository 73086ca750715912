# SPDX-License-Identifier: Apache-2.0
"""The integers with which each hardware form of a requantizer is exactly its staircase, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.line import LineProblem, Ties, roundest
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

MOST_MULTIPLIER_BITS = 40
MOST_FRACTION_BITS = 32


@lru_cache(maxsize=256)
def staircases(op: Requantize, x: IntRange) -> tuple[Staircase, ...]:
    """The exact function of each channel; one entry where all channels are the same."""
    every = op.staircases(x)
    return every[:1] if all(one == every[0] for one in every) else every


@lru_cache(maxsize=256)
def window(op: Requantize, x: IntRange) -> IntRange:
    """Where some channel changes: saturating an accumulator to any range that holds it changes no result."""
    changing = [s for s in staircases(op, x) if s.thresholds]
    if not changing:
        return IntRange(x.clamp(0), x.clamp(0))
    return IntRange(min(s.thresholds[0] for s in changing) - 1, max(s.thresholds[-1] for s in changing))


@dataclass(frozen=True)
class Lines:
    """y = clamp((acc * multiplier + addend) >> shift), the shift rounding ties as `ties` says ("up": floor).

    multipliers, addends: one each a channel; the shift is common to all channels, so that it costs nothing.
    """

    multipliers: tuple[int, ...]
    addends: tuple[int, ...]
    shift: int
    ties: Ties

    def sums(self, x: IntRange) -> IntRange:
        """Range of ``acc * multiplier + addend``."""
        ends = [m * acc + a for m, a in zip(self.multipliers, self.addends, strict=True) for acc in (x.lo, x.hi)]
        return IntRange(min(ends), max(ends))

    def rounded(self, total: np.ndarray | int) -> np.ndarray | int:
        """The shift, as the hardware does it, of Python ints or an array of them."""
        if self.ties == "up" or not self.shift:
            return total >> self.shift
        odd = (total >> self.shift) & 1
        up = odd if self.ties == "even" else 1 - odd
        return (total + (1 << (self.shift - 1)) - 1 + up) >> self.shift


@lru_cache(maxsize=256)
def lines(op: Requantize, x: IntRange, ties: Ties) -> Lines | None:
    """The shortest multipliers under one common shift; None where some channel has no such line."""
    found = []
    for staircase in staircases(op, x):
        line = LineProblem(staircase, op.out).shift_line(ties, MOST_MULTIPLIER_BITS)
        if line is None:
            return None
        found.append(line)
    divisor = max(line.divisor for line in found)
    scales = [divisor // line.divisor for line in found]
    multipliers = tuple(line.multiplier * k for line, k in zip(found, scales, strict=True))
    addends = tuple(line.addend * k for line, k in zip(found, scales, strict=True))
    result = Lines(multipliers, addends, divisor.bit_length() - 1, ties)
    return result if max(abs(m) for m in multipliers).bit_length() <= MOST_MULTIPLIER_BITS else None


@dataclass(frozen=True)
class Indexing:
    """How a code is a number of `bits` bits that never falls with the accumulator: code = lo + (index ^ falling mask).

    levels: codes from lo on that may occur. falling: per channel, whether its codes fall.
    """

    lo: int
    levels: int
    falling: tuple[bool, ...]

    @property
    def bits(self) -> int:
        return max(1, (self.levels - 1).bit_length())

    def codes(self, index: np.ndarray, channel: int) -> np.ndarray:
        """The codes of indices, as the hardware makes them: mirrored, limited and moved."""
        mask = (1 << self.bits) - 1
        return self.lo + np.minimum(index ^ mask if self.falling[channel] else index, self.levels - 1)


@lru_cache(maxsize=256)
def indexing(op: Requantize, x: IntRange) -> Indexing:
    """Over the codes that occur in any channel."""
    every = staircases(op, x)
    codes = IntRange(min(s.range.lo for s in every), max(s.range.hi for s in every))
    return Indexing(codes.lo, codes.size, tuple(s.direction < 0 for s in every))


def index_thresholds(staircase: Staircase, index: Indexing) -> np.ndarray:
    """For each index k = 1 .. 2**bits - 1 the first accumulator at which it is reached; domain.hi + 1 where none is.

    int64; where all accumulators reach an index, domain.lo.
    """
    top = (1 << index.bits) - 1
    values = np.array(staircase.values, dtype=np.int64) - index.lo
    reached = top - values if staircase.direction < 0 else values
    starts = np.array([staircase.domain.lo, *staircase.thresholds, staircase.domain.hi + 1], dtype=np.int64)
    return starts[np.searchsorted(reached, np.arange(1, top + 1), side="left")]


@dataclass(frozen=True)
class Divisions:
    """index = clamp((acc * 2**fraction + addend) // divisor) to 0 .. 2**bits - 1: no multiplier, one step a bit."""

    divisors: tuple[int, ...]
    addends: tuple[int, ...]
    fraction: int


@lru_cache(maxsize=256)
def divisions(op: Requantize, x: IntRange) -> Divisions | None:
    """The shortest divisors under one common fraction; None where some channel has none."""
    index = indexing(op, x)
    found = []
    for staircase in staircases(op, x):
        division = _shortest_division(staircase, index)
        if division is None:
            return None
        found.append(division)
    fraction = max(f for _, _, f in found)
    return Divisions(
        tuple(divisor << (fraction - f) for divisor, _, f in found),
        tuple(addend << (fraction - f) for _, addend, f in found),
        fraction,
    )


def _shortest_division(staircase: Staircase, index: Indexing) -> tuple[int, int, int] | None:
    """(divisor, addend, fraction bits) for one channel."""
    if staircase.direction == 0:
        return _constant_division(staircase, index)
    rising, clamp = index_staircase(staircase, index)
    slopes = LineProblem(rising, clamp).slopes
    if slopes is None:
        return None
    low, high = slopes
    for fraction in range(MOST_FRACTION_BITS + 1):
        first = 1 if high is None else max(1, -(-(high.denominator << fraction) // high.numerator))
        last = 2 * first if not low else (low.denominator << fraction) // low.numerator
        for divisor in dict.fromkeys((first, (first + last) // 2, last)) if first <= last else ():
            addends = _addends(rising, clamp, divisor, fraction)
            if addends is not None:
                return divisor, roundest(*addends), fraction
    return None


def index_staircase(staircase: Staircase, index: Indexing) -> tuple[Staircase, IntRange]:
    """The same steps as indices, which rise; and the range outside of which indices do not matter."""
    top = (1 << index.bits) - 1
    if staircase.direction < 0:
        values = [top - (value - index.lo) for value in staircase.values]
        return Staircase(staircase.domain, staircase.thresholds, tuple(values)), IntRange(top + 1 - index.levels, top)
    values = [value - index.lo for value in staircase.values]
    return Staircase(staircase.domain, staircase.thresholds, tuple(values)), IntRange(0, index.levels - 1)


def _addends(rising: Staircase, clamp: IntRange, divisor: int, fraction: int) -> tuple[int, int] | None:
    """The interval of addends with which a divisor gives the indices, if there are any."""
    points, values = rising.check_points
    if rising.domain.width + fraction > 60:
        points, values = points.astype(object), values.astype(object)
    first, last, reached = points[0::2], points[1::2], values[0::2]
    need = (reached * divisor - (first << fraction))[reached > clamp.lo]
    room = ((reached + 1) * divisor - (last << fraction))[reached < clamp.hi]
    low = int(need.max()) if len(need) else int(room.min()) - divisor
    high = int(room.min()) - 1 if len(room) else low + divisor
    return (low, high) if low <= high else None


def _constant_division(staircase: Staircase, index: Indexing) -> tuple[int, int, int] | None:
    """A channel of one code: possible without a wide divisor where the code is one of the two that saturate."""
    code, domain = staircase.values[0] - index.lo, staircase.domain
    if code == 0:
        return 1, -domain.hi, 0
    if code == (1 << index.bits) - 1:
        return 1, code - domain.lo, 0
    return None
