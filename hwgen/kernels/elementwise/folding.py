# SPDX-License-Identifier: Apache-2.0
"""Foldings of Table: one read-only memory a lane, in LUTs or in block RAM."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.elementwise.op import Table
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

MOST_LANES = 256
MOST_ADDRESS_BITS = 16
BLOCK_FROM_ADDRESS_BITS = 7
LATENCY = 2
"""Block RAM with its output register; or a register before and behind a table in LUTs."""


@dataclass(frozen=True)
class TableFolding(Folding):
    """memory: "logic" (a table in LUTs) or "block"."""

    form: ClassVar[str] = "table"
    memory: str


@dataclass(frozen=True)
class TableSpec(UnitSpec):
    """x, out: ranges of the codes in and out."""

    lanes: int
    x: IntRange
    out: IntRange
    memory: str

    @property
    def depth(self) -> int:
        """Words of a lane's table: the code itself, as an unsigned number, is the address."""
        return 1 << self.x.width if self.x.signed else self.x.hi + 1


def foldings(node: Node, target: Target) -> tuple[TableFolding, ...]:
    """Every lane count that divides the frame; block RAM for tables that would not waste most of it."""
    bits = node.src[0].type.range.width
    if bits > MOST_ADDRESS_BITS:
        return ()
    memories = ("logic", "block") if bits >= BLOCK_FROM_ADDRESS_BITS else ("logic",)
    return tuple(
        TableFolding((lanes,), lanes, memory)
        for lanes in lane_counts(node.type.size, MOST_LANES)
        for memory in memories
    )


def orders(node: Node, folding: TableFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order, and it stays."""
    return given, given[0]


def schedule(node: Node, folding: TableFolding) -> Schedule:
    return Schedule(LATENCY)


def spec(node: Node, folding: TableFolding) -> TableSpec:
    return TableSpec(folding.lanes_out, node.src[0].type.range, node.type.range, folding.memory)


def contents(node: Node, spec: TableSpec) -> np.ndarray:
    """The word at each address, shape (depth, 1). Codes that cannot arrive read the nearest one's value."""
    op: Table = node.op  # type: ignore[assignment]
    address = np.arange(spec.depth)
    codes = np.where(spec.x.signed & (address >= spec.depth // 2), address - spec.depth, address)
    return np.array(op.values)[np.clip(codes, spec.x.lo, spec.x.hi) - op.lo].reshape(-1, 1)


def area(node: Node, folding: TableFolding, target: Target) -> Resources:
    s, family = spec(node, folding), target.family
    total = costs.registers(LATENCY)
    for _ in range(s.lanes):
        if s.memory == "block":
            total += costs.memory(family, s.depth, s.out.width, "block", output_register=True)
        else:
            total += costs.registers(s.x.width) + costs.memory(family, s.depth, s.out.width, "logic")
    return total
