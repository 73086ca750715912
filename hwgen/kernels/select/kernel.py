# SPDX-License-Identifier: Apache-2.0
"""Binds the Slice operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.select import folding as filters
from hwgen.kernels.select.folding import FilterFolding, FilterSpec
from hwgen.kernels.select.op import Slice
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.select.unit import FilterUnit


class SliceKernel:
    """Every step-th element of a run along an axis."""

    op = Slice

    def foldings(self, node: Node, target: Target) -> tuple[FilterFolding, ...]:
        return filters.foldings(node, target)

    def orders(self, node: Node, folding: FilterFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return filters.orders(node, folding, given)

    def schedule(self, node: Node, folding: FilterFolding) -> Schedule:
        return filters.schedule(node, folding)

    def cycles(self, node: Node, folding: FilterFolding) -> Cycles:
        return Cycles.exactly(filters.cycles(node, folding))

    def area(self, node: Node, folding: FilterFolding, target: Target) -> Resources:
        return filters.area(node, folding, target)

    def spec(self, node: Node, folding: FilterFolding) -> FilterSpec:
        return filters.spec(node, folding)

    def merge(self, specs: tuple[FilterSpec, ...]) -> FilterSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Slice", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: FilterSpec) -> FilterUnit:
        from hwgen.kernels.select.unit import FilterUnit

        return FilterUnit(spec)

    def program(
        self, node: Node, folding: FilterFolding, spec: FilterSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Nothing: the unit has no memory."""
        return {}
