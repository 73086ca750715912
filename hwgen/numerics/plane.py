# SPDX-License-Identifier: Apache-2.0
"""Which planes, rounded and clamped, are a given monotone surface of integers.

``clamp((a * ma + b * mb + r) >> shift)`` must be at or above a code at the corners where the code begins, and below
the next code at the corners where it ends. All other points follow, because plane and surface rise in the same
directions. For given multipliers the addends that do so are an interval, so only pairs of multipliers are tried:
those next to the exact ratios, with the smallest shift first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from hwgen.numerics.line import Ties, first_numerator, roundest
from hwgen.numerics.range import IntRange

WINDOW = (0, -1, 1, -2, 2)
MAX_SHIFT = 48


@dataclass(frozen=True)
class Plane:
    """``(a * multiplier_a + b * multiplier_b + addend) / 2**shift``, before rounding."""

    multiplier_a: int
    multiplier_b: int
    addend: int
    shift: int


@dataclass(frozen=True, eq=False)
class PlaneProblem:
    """The planes that equal `table` (entry [i, j] belongs to (a.lo + i, b.lo + j)), clamped to its range.

    ra, rb: the exact slopes; the table rises (or falls) along each axis as their signs say.
    """

    a: IntRange
    b: IntRange
    ra: Fraction
    rb: Fraction
    table: np.ndarray

    def find(self, ties: Ties, max_multiplier_bits: int, max_shift: int = MAX_SHIFT) -> Plane | None:
        """A plane with the smallest shift for which one of the 25 nearest pairs of multipliers will do."""
        reach, stay = self._corners
        if not len(reach[0]) or not len(stay[0]):
            return Plane(0, 0, int(self.table.flat[0]), 0) if max_shift >= 0 else None
        tight: tuple[list[int], list[int]] = ([], [])  # corners that excluded something: they are asked first
        for shift in range(max_shift + 1):
            near = [round(ratio * (1 << shift)) for ratio in (self.ra, self.rb)]
            if max(abs(m) for m in near).bit_length() > max_multiplier_bits:
                return None
            need = first_numerator(reach[2], 1 << shift, ties)
            room = first_numerator(stay[2] + 1, 1 << shift, ties) - 1
            for ma, mb in product(*map(_candidates, near, (self.ra, self.rb))):
                if (addend := self._addend(need, room, ma, mb, tight)) is not None:
                    return Plane(ma, mb, addend, shift)
        return None

    def _addend(
        self, need: np.ndarray, room: np.ndarray, ma: int, mb: int, tight: tuple[list[int], list[int]]
    ) -> int | None:
        (reach_a, reach_b, _), (stay_a, stay_b, _) = self._corners
        if tight[0]:
            i, j = tight
            low = (need[i] - reach_a[i] * ma - reach_b[i] * mb).max()
            if low > (room[j] - stay_a[j] * ma - stay_b[j] * mb).min():
                return None
        lows = need - reach_a * ma - reach_b * mb
        highs = room - stay_a * ma - stay_b * mb
        first, last = int(lows.argmax()), int(highs.argmin())
        if lows[first] <= highs[last]:
            return roundest(int(lows[first]), int(highs[last]))
        tight[0].append(first)
        tight[1].append(last)
        return None

    @cached_property
    def _corners(self) -> tuple[tuple[np.ndarray, ...], tuple[np.ndarray, ...]]:
        """(a, b, value) of the first points of each code, and of the last ones. The clamp takes care of its ends."""
        rising = self.table[:: -1 if self.ra < 0 else 1, :: -1 if self.rb < 0 else 1]
        first = rising > rising.min()
        first[1:] &= rising[1:] > rising[:-1]
        first[:, 1:] &= rising[:, 1:] > rising[:, :-1]
        last = rising < rising.max()
        last[:-1] &= rising[:-1] < rising[1:]
        last[:, :-1] &= rising[:, :-1] < rising[:, 1:]
        return self._points(rising, first), self._points(rising, last)

    def _points(self, rising: np.ndarray, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
        i, j = np.nonzero(chosen)
        a = self.a.hi - i if self.ra < 0 else self.a.lo + i
        b = self.b.hi - j if self.rb < 0 else self.b.lo + j
        return a, b, rising[i, j]


def _candidates(near: int, ratio: Fraction) -> list[int]:
    """Multipliers next to `near` with the sign of the ratio, the nearest first."""
    if ratio == 0:
        return [0]
    return [near + offset for offset in WINDOW if (near + offset) * (1 if ratio > 0 else -1) >= 0]
