# SPDX-License-Identifier: Apache-2.0
"""Foldings of Multiply: one product a lane, in multiplier blocks or in LUTs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.multiply.op import Multiply
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

MOST_LANES = 256


@dataclass(frozen=True)
class MultiplyFolding(Folding):
    """multiplier: "dsp" or "lut"."""

    form: ClassVar[str] = "multiply"
    multiplier: str

    @classmethod
    def of(cls, lanes: int, multiplier: str) -> MultiplyFolding:
        return cls((lanes, lanes), lanes, multiplier)


@dataclass(frozen=True)
class MultiplySpec(UnitSpec):
    """a, b: ranges of the codes; zero_a, zero_b: subtracted from them first; out: range of the product."""

    lanes: int
    a: IntRange
    b: IntRange
    zero_a: int
    zero_b: int
    out: IntRange
    multiplier: str

    @property
    def factor_bits(self) -> tuple[int, int]:
        """Signed bits of both factors."""
        return _difference_bits(self.a, self.zero_a), _difference_bits(self.b, self.zero_b)

    @property
    def subtracts(self) -> bool:
        return self.zero_a != 0 or self.zero_b != 0

    @property
    def latency(self) -> int:
        a_bits, b_bits = self.factor_bits
        if self.multiplier == "dsp":
            return int(self.subtracts) + costs.wide_multiplier_latency(a_bits, b_bits)
        return int(self.subtracts) + costs.fabric_multiplier_latency(min(a_bits, b_bits))


def _difference_bits(codes: IntRange, zero: int) -> int:
    return IntRange(min(codes.lo - zero, -1), codes.hi - zero).width


def foldings(node: Node, target: Target) -> tuple[MultiplyFolding, ...]:
    """Every lane count that divides the frame, with both kinds of multiplier."""
    return tuple(
        MultiplyFolding.of(lanes, multiplier)
        for lanes in lane_counts(node.type.size, MOST_LANES)
        for multiplier in ("dsp", "lut")
    )


def orders(node: Node, folding: MultiplyFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """The first operand's order, for both."""
    return (given[0], given[0]), given[0]


def schedule(node: Node, folding: MultiplyFolding) -> Schedule:
    """A beat of each operand and a result, in every cycle."""
    every = np.ones(node.type.size // folding.lanes_out, dtype=bool)
    return Schedule(spec(node, folding).latency, (Process.of_steps((every, every), every),))


def spec(node: Node, folding: MultiplyFolding) -> MultiplySpec:
    op: Multiply = node.op  # type: ignore[assignment]
    a, b = (s.type.range for s in node.src)
    return MultiplySpec(folding.lanes_out, a, b, op.zero_a, op.zero_b, node.type.range, folding.multiplier)


def area(node: Node, folding: MultiplyFolding, target: Target) -> Resources:
    s, family = spec(node, folding), target.family
    a_bits, b_bits = s.factor_bits
    total = costs.registers(s.latency) + Resources(luts=3)
    for _ in range(s.lanes):
        for bits, zero in ((a_bits, s.zero_a), (b_bits, s.zero_b)):
            if s.subtracts:
                total += costs.registers(bits) + (costs.adder(family, bits) if zero else Resources())
        if s.multiplier == "dsp":
            total += costs.wide_multiplier(family, a_bits, b_bits)
        else:
            total += costs.fabric_multiplier(family, max(a_bits, b_bits), min(a_bits, b_bits))
    return total
