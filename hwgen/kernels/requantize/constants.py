# SPDX-License-Identifier: Apache-2.0
"""The integers with which each hardware form of a requantizer is exactly its staircase, channel by channel."""

from __future__ import annotations

from functools import lru_cache

from hwgen.kernels.requantize.division import StepDivision, find_division
from hwgen.kernels.requantize.indexing import Indexing
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.find_multiply_shifts import find_multiply_shifts
from hwgen.numerics.forms import MultiplyShift
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

MOST_MULTIPLIER_BITS = 40


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


@lru_cache(maxsize=256)
def _shift_forms(op: Requantize, x: IntRange) -> tuple[MultiplyShift, ...]:
    """Those with one shift for all channels: it costs nothing, where a shift for each would cost a barrel shifter."""
    every = find_multiply_shifts(staircases(op, x), MOST_MULTIPLIER_BITS)
    return tuple(form for form in every if form.shared_shift is not None)


def plain_shift(op: Requantize, x: IntRange) -> MultiplyShift | None:
    """y = clamp((acc * multiplier + addend) >> shift); None where some channel has no such line."""
    return next((form for form in _shift_forms(op, x) if form.ties == "up"), None)


def tie_shift(op: Requantize, x: IntRange) -> MultiplyShift | None:
    """The same with a shift that rounds ties to even or odd, where that makes shorter multipliers."""
    return next((form for form in reversed(_shift_forms(op, x)) if form.ties != "up"), None)


@lru_cache(maxsize=256)
def division(op: Requantize, x: IntRange) -> StepDivision | None:
    return find_division(staircases(op, x), indexing(op, x))


@lru_cache(maxsize=256)
def indexing(op: Requantize, x: IntRange) -> Indexing:
    """Over the codes that occur in any channel."""
    every = staircases(op, x)
    codes = IntRange(min(s.range.lo for s in every), max(s.range.hi for s in every))
    return Indexing(codes.lo, codes.size, tuple(s.direction < 0 for s in every))
