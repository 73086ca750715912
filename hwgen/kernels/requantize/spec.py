# SPDX-License-Identifier: Apache-2.0
"""All that the hardware of each form depends on, and the cycles it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hwgen import costs
from hwgen.kernels.base import UnitSpec
from hwgen.numerics.forms import round_shift
from hwgen.numerics.line import Ties
from hwgen.numerics.range import IntRange

BLOCK_FROM_BITS = 1024
"""Smaller memories do not go into block RAM, whatever a folding says."""


@dataclass(frozen=True)
class RequantizeSpec(UnitSpec):
    """What all forms have in common. groups: words of constants a lane goes through; 0: they are in `constants`."""

    lanes: int
    groups: int
    memory: str
    x: IntRange
    out: IntRange

    def style(self, depth: int, bits: int) -> Literal["block", "logic"]:
        """Of one memory: small ones stay in LUTs."""
        return "block" if self.memory == "block" and depth * bits >= BLOCK_FROM_BITS else "logic"

    @property
    def memory_latency(self) -> int:
        """Cycles from a beat to its constants."""
        return (2 if self.memory == "block" else 1) if self.groups else 0


@dataclass(frozen=True)
class LineSpec(RequantizeSpec):
    """Multiply, add, shift and clamp. Bits are of signed words; constants: (multiplier, addend)."""

    multiplier: str
    window_bits: int
    multiplier_bits: int
    addend_bits: int
    sums: IntRange
    shift: int
    ties: Ties
    clamp: IntRange
    constants: tuple[int, ...]

    @property
    def factor_bits(self) -> int:
        """Bits of the accumulator at the multiplier."""
        return self.window_bits or signed_bits(self.x)

    @property
    def rounded(self) -> IntRange:
        """Range of the shifted sum, before it is clamped."""
        return IntRange(*(round_shift(end, self.shift, self.ties) for end in (self.sums.lo, self.sums.hi)))

    @property
    def product_latency(self) -> int:
        if self.multiplier == "none":
            return 0
        if self.multiplier == "dsp":
            return costs.wide_multiplier_latency(self.factor_bits, self.multiplier_bits)
        if self.constants:
            return costs.constant_multiplier_latency(self.constants[0])
        return costs.fabric_multiplier_latency(self.multiplier_bits)

    @property
    def start(self) -> int:
        """The cycle in which accumulator and constants stand side by side; multipliers register them themselves."""
        return max(self.memory_latency, int(self.multiplier == "none" or self.window_bits > 0))

    @property
    def latency(self) -> int:
        rounding = int(self.ties != "up")
        return self.start + int(self.window_bits > 0) + self.product_latency + 1 + rounding + 1


@dataclass(frozen=True)
class DivisionSpec(RequantizeSpec):
    """index_bits: steps of the division; divisor_bits: of the unsigned divisor; addend_bits, nudge_bits: signed.

    rest: range of the first remainder. saturates: accumulators may lie outside of the division's reach.
    divisor: of all channels, 0 where they differ. falling: whether the codes fall in "no", "all" or "some" channels;
    live: whether they depend on the accumulator. nudge_bits: 0 where all nudges are. constants: (addend, nudge).
    """

    fraction: int
    index_bits: int
    levels: int
    lo: int
    falling: str
    live: str
    divisor: int
    divisor_bits: int
    addend_bits: int
    nudge_bits: int
    rest: IntRange
    saturates: bool
    constants: tuple[int, ...]

    @property
    def start(self) -> int:
        return max(1, self.memory_latency)

    @property
    def latency(self) -> int:
        return self.start + self.index_bits + int(self.nudge_bits > 0) + 1


@dataclass(frozen=True)
class ThresholdsSpec(RequantizeSpec):
    """index_bits: steps of the search; lo, falling: as in `DivisionSpec`. A lane has one table for each step."""

    index_bits: int
    levels: int
    lo: int
    falling: str

    @property
    def threshold_bits(self) -> int:
        """Of a signed word that also holds a threshold that no accumulator reaches."""
        return signed_bits(IntRange(self.x.lo, self.x.hi + 1))

    def depth(self, step: int) -> int:
        return self.groups << step

    def step_latency(self, step: int) -> int:
        """Table and comparison."""
        return 3 if self.style(self.depth(step), self.threshold_bits) == "block" else 2

    @property
    def latency(self) -> int:
        return 1 + sum(self.step_latency(step) for step in range(self.index_bits)) + 1


def signed_bits(values: IntRange) -> int:
    """Bits of the two's complement word that holds `values`, also where they are never negative."""
    return IntRange(min(values.lo, -1), values.hi).width
