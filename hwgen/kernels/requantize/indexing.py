# SPDX-License-Identifier: Apache-2.0
"""Codes as indices that never fall: what the forms that search for a code, bit by bit, have in common."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase


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


def index_staircase(staircase: Staircase, index: Indexing) -> tuple[Staircase, IntRange]:
    """The same steps as indices, which rise; and the range outside of which indices do not matter."""
    top = (1 << index.bits) - 1
    if staircase.direction < 0:
        values = [top - (value - index.lo) for value in staircase.values]
        return Staircase(staircase.domain, staircase.thresholds, tuple(values)), IntRange(top + 1 - index.levels, top)
    values = [value - index.lo for value in staircase.values]
    return Staircase(staircase.domain, staircase.thresholds, tuple(values)), IntRange(0, index.levels - 1)


def index_thresholds(staircase: Staircase, index: Indexing) -> np.ndarray:
    """For each index k = 1 .. 2**bits - 1 the first accumulator at which it is reached; domain.hi + 1 where none is.

    int64; where all accumulators reach an index, domain.lo.
    """
    top = (1 << index.bits) - 1
    values = np.array(staircase.values, dtype=np.int64) - index.lo
    reached = top - values if staircase.direction < 0 else values
    starts = np.array([staircase.domain.lo, *staircase.thresholds, staircase.domain.hi + 1], dtype=np.int64)
    return starts[np.searchsorted(reached, np.arange(1, top + 1), side="left")]
