# SPDX-License-Identifier: Apache-2.0
"""Binds the Reduce operator to its foldings and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.pool import folding as reductions
from hwgen.kernels.pool.folding import ReduceFolding, ReduceSpec, TreeSpec
from hwgen.kernels.pool.op import Reduce
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component


class ReduceKernel:
    """Maximum and sum over the taps of a channel."""

    op = Reduce

    def foldings(self, node: Node, target: Target) -> tuple[ReduceFolding, ...]:
        return reductions.foldings(node, target)

    def orders(self, node: Node, folding: ReduceFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return reductions.orders(node, folding, given)

    def schedule(self, node: Node, folding: ReduceFolding) -> Schedule:
        return reductions.schedule(node, folding)

    def cycles(self, node: Node, folding: ReduceFolding) -> Cycles:
        return Cycles.exactly(reductions.cycles(node, folding))

    def area(self, node: Node, folding: ReduceFolding, target: Target) -> Resources:
        return reductions.area(node, folding, target)

    def spec(self, node: Node, folding: ReduceFolding) -> ReduceSpec:
        return reductions.spec(node, folding)

    def merge(self, specs: tuple[ReduceSpec, ...]) -> ReduceSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Reduce", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: ReduceSpec) -> Component:
        if isinstance(spec, TreeSpec):
            from hwgen.kernels.pool.unit_tree import TreeUnit

            return TreeUnit(spec)
        from hwgen.kernels.pool.unit_serial import SerialUnit

        return SerialUnit(spec)

    def program(
        self, node: Node, folding: ReduceFolding, spec: ReduceSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        return {}
