# SPDX-License-Identifier: Apache-2.0
"""The folding of Softmax: three passes over rows in a ring of rows, so that a beat goes in and out in each cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import NEVER, Process, Schedule, Wait
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.softmax.op import Softmax
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

MOST_LANES = 16
"""Each lane has two tables and a divider of its own."""
DIFFERENCE_LATENCY = 3
"""From the address of the ring of rows to the difference from the row's largest code."""
TABLE_LATENCY = 2


@dataclass(frozen=True)
class ThreePassFolding(Folding):
    """`lanes` elements of a row a beat. table_memory: "block" or "logic"."""

    form: ClassVar[str] = "three_pass"
    table_memory: str

    @classmethod
    def of(cls, lanes: int, table_memory: str) -> ThreePassFolding:
        return cls((lanes,), lanes, table_memory)


@dataclass(frozen=True)
class ThreePassSpec(UnitSpec):
    """What the hardware depends on. beats: of a row; entries, term_bits, numerator_bits: of the tables."""

    lanes: int
    beats: int
    x: IntRange
    zero_point: int
    out: IntRange
    entries: int
    term_bits: int
    total_bits: int
    numerator_bits: int
    quotient_bits: int
    table_memory: str

    @property
    def maximum_delay(self) -> int:
        """From the event that takes the last beat of a row to the first that may add its terms up."""
        return max(2, 1 + costs.adder_tree_latency(self.lanes))

    @property
    def total_delay(self) -> int:
        """From the event that adds up the last beat of a row to the first that may divide by the sum."""
        return 2 + costs.adder_tree_latency(self.lanes)

    @property
    def rows(self) -> int:
        """Rows in the ring: as many as are written, added up and divided before the first is free again."""
        return -(-(3 * self.beats - 2 + self.maximum_delay + self.total_delay) // self.beats)

    @property
    def latency(self) -> int:
        return DIFFERENCE_LATENCY + TABLE_LATENCY + costs.divider_latency(self.quotient_bits) + 1


def _op(node: Node) -> Softmax:
    return node.op  # type: ignore[return-value]


def row_of(node: Node) -> int:
    """Elements of a row."""
    return node.type.shape[_op(node).axis]


def foldings(node: Node, target: Target) -> tuple[ThreePassFolding, ...]:
    lanes = lane_counts(row_of(node), MOST_LANES)
    return tuple(ThreePassFolding.of(n, memory) for n in lanes for memory in ("block", "logic"))


def orders(node: Node, folding: ThreePassFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Rows in whatever order they come, if the elements of each run innermost."""
    shape, axis = node.type.shape, _op(node).axis
    strides = row_major_strides(shape)
    row = (shape[axis], strides[axis])
    outer = given[0].outside_of(Order.of_loops(row))
    if outer is None:
        outer = tuple((extent, strides[k]) for k, extent in enumerate(shape) if k != axis)
    order = Order.of_loops(*outer, row)
    return (order,), order


def spec(node: Node, folding: ThreePassFolding) -> ThreePassSpec:
    op, x = _op(node), node.src[0].type.range
    terms, numerators = op.tables(x.size)
    most = numerators[0] // terms[0] + 1
    return ThreePassSpec(
        folding.lanes_out,
        row_of(node) // folding.lanes_out,
        x,
        op.zero_point,
        node.type.range,
        x.size,
        terms[0].bit_length(),
        (row_of(node) * terms[0]).bit_length(),
        numerators[0].bit_length(),
        most.bit_length(),
        folding.table_memory,
    )


def schedule(node: Node, folding: ThreePassFolding) -> Schedule:
    """Takes a row, adds its terms up, divides: three processes, each a row behind the one before."""
    s = spec(node, folding)
    beats = node.type.size // s.lanes
    each = np.arange(beats)
    first = each % s.beats == 0
    end_of_row = each + s.beats - 1
    ones, none, gap = np.ones(beats, bool), np.zeros(beats, bool), np.ones(beats, np.int64)

    def from_row(last: np.ndarray) -> np.ndarray:
        return np.where(first, last, NEVER)

    take = Process(gap, (ones,), none, (Wait(2, from_row(end_of_row - s.rows * s.beats), 1),))
    add = Process(gap, (), none, (Wait(0, from_row(end_of_row), s.maximum_delay),))
    divide = Process(gap, (), ones, (Wait(1, from_row(end_of_row), s.total_delay),))
    return Schedule(s.latency, (take, add, divide))


def cycles(node: Node, folding: ThreePassFolding) -> int:
    return node.type.size // folding.lanes_out


def area(node: Node, folding: ThreePassFolding, target: Target) -> Resources:
    """Two copies of the ring of rows, two tables a lane, the largest code, the sum, the divider, three walks."""
    s, family = spec(node, folding), target.family
    ring = costs.memory(family, s.rows * s.beats, s.lanes * s.x.width, writable=True, output_register=True)
    per_row = [costs.memory(family, s.rows, bits, "distributed", writable=True) for bits in (s.x.width, s.total_bits)]
    total = ring + ring + per_row[0] + per_row[0] + per_row[1]
    for bits in (s.term_bits, s.numerator_bits):
        table = costs.memory(family, s.entries, bits, s.table_memory, output_register=True)
        total += costs.times(s.lanes, table + costs.adder(family, s.x.width + 1) + costs.registers(s.x.width + 1))
    compare = costs.adder(family, s.x.width) + costs.mux(family, 2, s.x.width) + costs.registers(s.x.width)
    total += compare + costs.maximum_tree(family, s.lanes, s.x.width) + costs.registers(s.lanes * s.x.width)
    total += costs.adder_tree(family, s.lanes, s.term_bits + 1, s.total_bits + 1)
    total += costs.adder(family, s.total_bits) + costs.registers(s.total_bits)
    total += costs.divider(family, s.lanes, s.total_bits, s.quotient_bits)
    total += costs.times(s.lanes, costs.adder(family, s.quotient_bits + 1) + costs.registers(s.out.width))
    for limit in (s.rows * s.beats, s.beats, s.rows) * 3:
        total += costs.counter(family, limit)
    return total + costs.registers(s.latency + 24)
