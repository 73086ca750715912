# SPDX-License-Identifier: Apache-2.0
"""Binds the Lookup operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.lookup import folding as rows
from hwgen.kernels.lookup.folding import LookupSpec, RowsFolding
from hwgen.kernels.lookup.op import Lookup
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.lookup.unit import LookupUnit


class LookupKernel:
    """Rows of a constant table, by index."""

    op = Lookup

    def foldings(self, node: Node, target: Target) -> tuple[RowsFolding, ...]:
        return rows.foldings(node, target)

    def orders(self, node: Node, folding: RowsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return rows.orders(node, folding, given)

    def schedule(self, node: Node, folding: RowsFolding) -> Schedule:
        return rows.schedule(node, folding)

    def cycles(self, node: Node, folding: RowsFolding) -> Cycles:
        return Cycles.exactly(node.type.size // folding.lanes_out)

    def area(self, node: Node, folding: RowsFolding, target: Target) -> Resources:
        return rows.area(node, folding, target)

    def spec(self, node: Node, folding: RowsFolding) -> LookupSpec:
        return rows.spec(node, folding)

    def merge(self, specs: tuple[LookupSpec, ...]) -> LookupSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Lookup", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: LookupSpec) -> LookupUnit:
        from hwgen.kernels.lookup.unit import LookupUnit

        return LookupUnit(spec)

    def program(
        self, node: Node, folding: RowsFolding, spec: LookupSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """The table, row after row."""
        return {"rows": MemoryImage(node.src[1].op.golden().reshape(spec.words, spec.lanes), spec.out.width)}
