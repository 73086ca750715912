# SPDX-License-Identifier: Apache-2.0
"""Binds the Table operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.elementwise import folding
from hwgen.kernels.elementwise.folding import TableFolding, TableSpec
from hwgen.kernels.elementwise.op import Table
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.elementwise.unit import TableUnit


class TableKernel:
    """Any function of one narrow code."""

    op = Table

    def foldings(self, node: Node, target: Target) -> tuple[TableFolding, ...]:
        return folding.foldings(node, target)

    def orders(self, node: Node, folding_: TableFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return folding.orders(node, folding_, given)

    def schedule(self, node: Node, folding_: TableFolding) -> Schedule:
        return folding.schedule(node, folding_)

    def cycles(self, node: Node, folding_: TableFolding) -> Cycles:
        return Cycles.exactly(node.type.size // folding_.lanes_out)

    def area(self, node: Node, folding_: TableFolding, target: Target) -> Resources:
        return folding.area(node, folding_, target)

    def spec(self, node: Node, folding_: TableFolding) -> TableSpec:
        return folding.spec(node, folding_)

    def merge(self, specs: tuple[TableSpec, ...]) -> TableSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Table", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: TableSpec) -> TableUnit:
        from hwgen.kernels.elementwise.unit import TableUnit

        return TableUnit(spec)

    def program(
        self, node: Node, folding_: TableFolding, spec: TableSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """The same table for every lane."""
        words = folding.contents(node, spec)
        return {f"table_{lane}": MemoryImage(words, spec.out.width) for lane in range(spec.lanes)}
