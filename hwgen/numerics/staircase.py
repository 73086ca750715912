# SPDX-License-Identifier: Apache-2.0
"""Monotone functions of an integer, stored as their transitions.

A function from integers to few output values that never rises (or never falls) is known completely by the places
where it changes. Two monotone functions that agree at both ends of a range, and on both sides of every transition of
one of them, agree everywhere between: on each step one of them is constant, the other agrees with it at both ends of
the step and cannot leave that value and come back. All proofs of `hwgen.numerics` rest on this.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from hwgen.numerics.range import IntRange

MAX_TRANSITIONS = 1 << 20


@dataclass(frozen=True)
class Staircase:
    """An exact monotone function of an integer in `domain`.

    thresholds: rising; the function changes between ``t - 1`` and ``t``, both in the domain.
    values: one more than thresholds, strictly rising or strictly falling; ``values[k]`` is the value from
    ``thresholds[k - 1]`` up to ``thresholds[k] - 1``. A jump may be larger than 1.
    """

    domain: IntRange
    thresholds: tuple[int, ...]
    values: tuple[int, ...]

    def __post_init__(self) -> None:
        t, v = self.thresholds, self.values
        if len(v) != len(t) + 1:
            raise ValueError(f"a Staircase of {len(t)} thresholds has {len(t) + 1} values, not {len(v)}")
        if any(a >= b for a, b in pairwise(t)):
            raise ValueError("the thresholds of a Staircase must rise")
        if t and not (self.domain.lo < t[0] and t[-1] <= self.domain.hi):
            raise ValueError(f"thresholds {t[0]} .. {t[-1]} are outside of {self.domain}")
        steps = {(b > a) - (b < a) for a, b in pairwise(v)}
        if len(steps) > 1 or 0 in steps:
            raise ValueError("the values of a Staircase must rise, or fall, at each threshold")

    @classmethod
    def constant(cls, domain: IntRange, value: int) -> Staircase:
        return cls(domain, (), (int(value),))

    @classmethod
    def of_steps(cls, domain: IntRange, thresholds: list[int], values: list[int]) -> Staircase:
        """Like the constructor, but equal neighbouring values, and thresholds outside of the domain, are allowed."""
        kept_t: list[int] = []
        kept_v = [values[0]]
        for threshold, value in zip(thresholds, values[1:], strict=True):
            if threshold > domain.hi:
                break
            if threshold <= domain.lo:
                kept_v[-1] = value
            elif value != kept_v[-1]:
                kept_t.append(threshold)
                kept_v.append(value)
        return cls(domain, tuple(kept_t), tuple(kept_v))

    @classmethod
    def of_function(cls, function: Callable[[int], int], domain: IntRange) -> Staircase:
        """The staircase of a monotone Python function, found by bisection: about 20 calls for each transition.

        Raises ValueError when the values met on the way neither only rise nor only fall. The function must be
        monotone: what it does between the visited points is not looked at.
        """
        return cls.of_array_function(lambda acc: np.array([function(int(x)) for x in acc], np.int64), domain)

    @classmethod
    def of_array_function(
        cls, function: Callable[[np.ndarray], np.ndarray], domain: IntRange, hints: Sequence[int] = ()
    ) -> Staircase:
        """As `of_function`, for a function of int64 arrays: all transitions are bisected at once.

        hints: points to start from. Good ones (just before and after each transition) save time, bad ones cost time,
        none of them changes the result.
        """
        points = np.unique(np.clip(np.array([domain.lo, *hints, domain.hi], np.int64), domain.lo, domain.hi))
        values = np.asarray(function(points), np.int64)
        low, high, below, above = points[:-1], points[1:], values[:-1], values[1:]
        changes: list[tuple[int, int]] = []
        while len(low):
            if len(low) + len(changes) > MAX_TRANSITIONS:
                raise ValueError(f"more than {MAX_TRANSITIONS} transitions in {domain}")
            found = (below != above) & (high - low == 1)
            changes += zip(high[found].tolist(), above[found].tolist(), strict=True)
            open_ = (below != above) & (high - low > 1)
            low, high, below, above = low[open_], high[open_], below[open_], above[open_]
            middle = low + (high - low) // 2
            value = np.asarray(function(middle), np.int64) if len(middle) else middle
            low, high = np.concatenate([low, middle]), np.concatenate([middle, high])
            below, above = np.concatenate([below, value]), np.concatenate([value, above])
        changes.sort()
        return cls(domain, tuple(t for t, _ in changes), (int(values[0]), *(v for _, v in changes)))

    @property
    def direction(self) -> int:
        """1 where the function rises, -1 where it falls, 0 for a constant."""
        return (self.values[-1] > self.values[0]) - (self.values[-1] < self.values[0])

    @property
    def range(self) -> IntRange:
        """The values that occur."""
        return IntRange(min(self.values[0], self.values[-1]), max(self.values[0], self.values[-1]))

    @property
    def transitions(self) -> tuple[tuple[int, int, int], ...]:
        """(threshold, value before, value from the threshold on)."""
        return tuple(zip(self.thresholds, self.values, self.values[1:], strict=False))

    @cached_property
    def check_points(self) -> tuple[np.ndarray, np.ndarray]:
        """Points and values that pin a monotone function: both ends, and both sides of each transition."""
        inner = [x for t in self.thresholds for x in (t - 1, t)]
        points = np.array([self.domain.lo, *inner, self.domain.hi], np.int64)
        return points, np.repeat(np.array(self.values, np.int64), 2)

    def evaluate(self, acc: np.ndarray) -> np.ndarray:
        """The value of every element (int64). Raises ValueError for an element outside of the domain."""
        acc = np.asarray(acc)
        if acc.size and (acc.min() < self.domain.lo or acc.max() > self.domain.hi):
            raise ValueError(f"accumulator outside of {self.domain}")
        steps = np.searchsorted(np.array(self.thresholds, np.int64), acc, side="right")
        return np.array(self.values, np.int64)[steps]

    def then(self, table: np.ndarray, first: int) -> Staircase:
        """This staircase followed by a monotone table, whose element i is the image of ``first + i``."""
        if self.range not in IntRange(first, first + len(table) - 1):
            raise ValueError(f"a table of {len(table)} values from {first} on does not cover {self.range}")
        images = [int(table[value - first]) for value in self.values]
        return Staircase.of_steps(self.domain, list(self.thresholds), images)

    def mirrored(self) -> Staircase:
        """The staircase of ``f(-acc)``."""
        domain = IntRange(-self.domain.hi, -self.domain.lo)
        return Staircase(domain, tuple(1 - t for t in reversed(self.thresholds)), self.values[::-1])

    def restricted(self, domain: IntRange) -> Staircase:
        """The same function on a smaller domain."""
        if domain not in self.domain:
            raise ValueError(f"{domain} is not inside of {self.domain}")
        return Staircase.of_steps(domain, list(self.thresholds), list(self.values))
