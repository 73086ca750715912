# SPDX-License-Identifier: Apache-2.0
"""Foldings of Lookup: how many elements of a row a cycle, and where the rows lie."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

MOST_LANES = 256
LATENCY = 3
"""The address is registered, then the memory with its output register."""


@dataclass(frozen=True)
class RowsFolding(Folding):
    """A row of the table as ``row / lanes_out`` beats, a power of two of them, so that an address is index and beat."""

    form: ClassVar[str] = "rows"


@dataclass(frozen=True)
class LookupSpec(UnitSpec):
    """rows: of the table; beats: of a row; indices, out: ranges of the codes in and out."""

    rows: int
    beats: int
    lanes: int
    indices: IntRange
    out: IntRange

    @property
    def words(self) -> int:
        return self.rows * self.beats


def row_size(node: Node) -> int:
    return prod(node.src[1].type.shape[1:])


def foldings(node: Node, target: Target) -> tuple[RowsFolding, ...]:
    row = row_size(node)
    lanes = (n for n in lane_counts(row, MOST_LANES) if (row // n).bit_count() == 1)
    return tuple(RowsFolding((1,), n) for n in lanes)


def orders(node: Node, folding: RowsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Indices in any order; the elements of a row innermost."""
    row = row_size(node)
    return given, Order.of_loops(*((count, stride * row) for count, stride in given[0].loops), (row, 1))


def schedule(node: Node, folding: RowsFolding) -> Schedule:
    """One beat a cycle; an index is taken with the first beat of its row."""
    beats = row_size(node) // folding.lanes_out
    takes = np.arange(beats) == 0
    return Schedule(LATENCY, (Process(np.ones(beats, np.int64), (takes,), np.ones(beats, bool), (), indices_of(node)),))


def indices_of(node: Node) -> int:
    """Indices of a frame."""
    return node.src[0].type.size


def spec(node: Node, folding: RowsFolding) -> LookupSpec:
    indices, table = (s.type for s in node.src)
    return LookupSpec(
        table.shape[0], row_size(node) // folding.lanes_out, folding.lanes_out, indices.range, node.type.range
    )


def area(node: Node, folding: RowsFolding, target: Target) -> Resources:
    """The memory, the address with its register, the index that is held for the rest of a row, the handshake."""
    s, family = spec(node, folding), target.family
    index, beat = s.indices.width, (s.beats - 1).bit_length()
    total = costs.memory(family, s.words, s.lanes * s.out.width, output_register=True)
    total += costs.registers(index + beat + LATENCY) + Resources(luts=2)
    if s.beats > 1:
        total += costs.registers(index + beat + 1) + costs.mux(family, 2, index) + Resources(luts=beat + 2)
    return total
