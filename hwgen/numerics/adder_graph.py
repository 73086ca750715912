# SPDX-License-Identifier: Apache-2.0
"""Products with a constant matrix as a graph of adders: a frozen value that can be checked and measured exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from hwgen.numerics.range import IntRange

NOTHING = -1
"""The source that is always 0."""


class Adder(NamedTuple):
    """``low_sign * low + high_sign * (high << shift)``; the signs are 1 or -1, at least one of them 1.

    low, high: sources, or NOTHING. A source is the number of an input, or the number of inputs plus that of an adder.
    """

    low: int
    high: int
    shift: int
    low_sign: int
    high_sign: int


class Tap(NamedTuple):
    """An output: ``source << shift``."""

    source: int
    shift: int


@dataclass(frozen=True)
class AdderGraph:
    """``y = W x`` in adders; each of them reads inputs and adders before it."""

    inputs: int
    adders: tuple[Adder, ...]
    outputs: tuple[Tap, ...]

    def coefficients(self) -> np.ndarray:
        """What each source is made of: integers (sources, inputs)."""
        known = np.zeros((self.inputs + len(self.adders) + 1, self.inputs), dtype=np.int64)
        known[: self.inputs] = np.eye(self.inputs, dtype=np.int64)
        for k, adder in enumerate(self.adders, self.inputs):
            # The last row is the one of NOTHING.
            known[k] = adder.low_sign * known[adder.low] + (adder.high_sign * known[adder.high] << adder.shift)
        return known[:-1]

    def matrix(self) -> np.ndarray:
        """W, from the adders alone: integers (outputs, inputs)."""
        known = self.coefficients()
        rows = [
            known[tap.source] << tap.shift if tap.source != NOTHING else np.zeros(self.inputs, np.int64)
            for tap in self.outputs
        ]
        return np.stack(rows)

    def ranges(self, x: Sequence[IntRange]) -> tuple[IntRange, ...]:
        """The exact range of each source, for inputs that move freely in the ranges `x`."""
        known = self.coefficients()
        low, high = (np.array(ends, dtype=np.int64) for ends in zip(*((r.lo, r.hi) for r in x), strict=True))
        least = np.maximum(known, 0) @ low + np.minimum(known, 0) @ high
        most = np.maximum(known, 0) @ high + np.minimum(known, 0) @ low
        return tuple(IntRange(a, b) for a, b in zip(least.tolist(), most.tolist(), strict=True))

    def levels(self) -> tuple[int, ...]:
        """Adders on the longest way from an input to each source."""
        found = [0] * (self.inputs + len(self.adders) + 1)
        for k, adder in enumerate(self.adders, self.inputs):
            found[k] = 1 + max(found[adder.low], found[adder.high])
        return tuple(found[:-1])


def adder_bits(adder: Adder, result: IntRange) -> int:
    """Bits of `adder` that need a cell: those below the upper operand are the lower one's, unless it is negated."""
    return max(0, result.width - (adder.shift if adder.low_sign > 0 else 0))
