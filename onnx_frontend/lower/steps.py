# SPDX-License-Identifier: Apache-2.0
"""The jumps of a rounded monotone function, found once for all channels."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.numerics.enclosures import Enclosures
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import round_floats
from hwgen.numerics.staircase import Staircase
from onnx_frontend.lower.curve import codes_of, compute, direction
from onnx_frontend.lower.expression import Expression
from onnx_frontend.quant_graph import Quant

BISECTIONS = 64
NARROWEST = Fraction(1, 1 << 44)
WIDENING = 1 << 8


class Steps:
    """A monotone function of real numbers in [lo, hi], rounded to the codes of `quant`.

    Each jump is known to lie in a short interval (below, above]: float64 guesses it, exact arithmetic confirms both
    ends. Where an accumulator falls into such an interval the function itself is asked, so every result is exact.
    """

    def __init__(self, tree: Expression, quant: Quant, lo: Fraction, hi: Fraction):
        self.tree, self.quant = tree, quant
        self.sign = -1 if direction(tree) == -1 else 1
        self.jumps = self._find(lo, hi)

    def _height(self, x: Fraction) -> int:
        """The code, negated for a falling function: never falls."""
        return self.sign * codes_of(self.tree, [x], self.quant)[0]

    def _find(self, lo: Fraction, hi: Fraction) -> list[tuple[Fraction, Fraction, int]]:
        """(below, above, height) for each height reached: not yet at `below`, surely at `above`."""
        heights = list(range(self._height(lo) + 1, self._height(hi) + 1))
        if not heights:
            return []
        guesses = self._guess(np.array(heights, np.float64), float(lo), float(hi))
        return [self._bracket(height, Fraction(x), lo, hi) for height, x in zip(heights, guesses.tolist(), strict=True)]

    def _guess(self, heights: np.ndarray, lo: float, hi: float) -> np.ndarray:
        """Where each height is reached, by bisection in float64 of all at once."""
        a, b = np.full(len(heights), lo), np.full(len(heights), hi)
        step, added, zero = float(self.quant.scale[0]), self.quant.added, self.quant.zero_after
        with np.errstate(all="ignore"):
            for _ in range(BISECTIONS):
                middle = (a + b) / 2
                value = compute(self.tree, Enclosures(middle, middle)).middle / step + added
                reached = self.sign * (round_floats(value, self.quant.rounding) + zero) >= heights
                a, b = np.where(reached, a, middle), np.where(reached, middle, b)
        return b

    def _bracket(self, height: int, x: Fraction, lo: Fraction, hi: Fraction) -> tuple[Fraction, Fraction, int]:
        """The shortest interval around a guess that exact arithmetic confirms."""
        width = NARROWEST * max(abs(x), (hi - lo) / WIDENING)
        below = above = x
        while below > lo and self._height(below) >= height:
            below, width = max(lo, x - width), width * WIDENING
        width = NARROWEST * max(abs(x), (hi - lo) / WIDENING)
        while above < hi and self._height(above) < height:
            above, width = min(hi, x + width), width * WIDENING
        return below, above, height

    def staircase(self, domain: IntRange, scale: Fraction, offset: Fraction) -> Staircase:
        """The exact function of integers whose real meaning is ``scale * acc + offset``."""
        if scale < 0:
            return self.staircase(IntRange(-domain.hi, -domain.lo), -scale, offset).mirrored()
        start = self._height(scale * domain.lo + offset)
        if scale == 0:
            return Staircase.constant(domain, self.sign * start)
        thresholds: list[int] = []
        values = [self.sign * start]
        for below, above, height in self.jumps:
            first = self._first(below, above, height, scale, offset)
            if height <= start or first > domain.hi:
                continue
            if thresholds and thresholds[-1] == first:
                values[-1] = self.sign * height
            else:
                thresholds.append(first)
                values.append(self.sign * height)
        return Staircase.of_steps(domain, thresholds, values)

    def _first(self, below: Fraction, above: Fraction, height: int, scale: Fraction, offset: Fraction) -> int:
        """The smallest accumulator that reaches a height."""
        first, last = (below - offset) // scale + 1, -((offset - above) // scale)
        while first < last:
            middle = (first + last) // 2
            reached = self._height(scale * middle + offset) >= height
            first, last = (first, middle) if reached else (middle + 1, last)
        return int(first)
