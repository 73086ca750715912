# SPDX-License-Identifier: Apache-2.0
"""Binds the Multiply operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.multiply import folding
from hwgen.kernels.multiply.folding import MultiplyFolding, MultiplySpec
from hwgen.kernels.multiply.op import Multiply
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.multiply.unit import MultiplyUnit


class MultiplyKernel:
    """Exact products of two streams."""

    op = Multiply

    def foldings(self, node: Node, target: Target) -> tuple[MultiplyFolding, ...]:
        return folding.foldings(node, target)

    def orders(
        self, node: Node, folding_: MultiplyFolding, given: tuple[Order, ...]
    ) -> tuple[tuple[Order, ...], Order]:
        return folding.orders(node, folding_, given)

    def schedule(self, node: Node, folding_: MultiplyFolding) -> Schedule:
        return folding.schedule(node, folding_)

    def cycles(self, node: Node, folding_: MultiplyFolding) -> Cycles:
        return Cycles.exactly(node.type.size // folding_.lanes_out)

    def area(self, node: Node, folding_: MultiplyFolding, target: Target) -> Resources:
        return folding.area(node, folding_, target)

    def spec(self, node: Node, folding_: MultiplyFolding) -> MultiplySpec:
        return folding.spec(node, folding_)

    def merge(self, specs: tuple[MultiplySpec, ...]) -> MultiplySpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Multiply", "these stages need different units", found=specs, expected="equal specs",
                fix="one unit each",
            )  # fmt: skip
        return specs[0]

    def unit(self, spec: MultiplySpec) -> MultiplyUnit:
        from hwgen.kernels.multiply.unit import MultiplyUnit

        return MultiplyUnit(spec)

    def program(
        self, node: Node, folding_: MultiplyFolding, spec: MultiplySpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Nothing is stored."""
        return {}
