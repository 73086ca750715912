# SPDX-License-Identifier: Apache-2.0
"""Binds the Concat operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.concat import folding as runs
from hwgen.kernels.concat.folding import ConcatSpec, RunsFolding
from hwgen.kernels.concat.op import Concat
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.concat.unit import ConcatUnit


class ConcatKernel:
    """Operands one behind the other along an axis."""

    op = Concat

    def foldings(self, node: Node, target: Target) -> tuple[RunsFolding, ...]:
        return runs.foldings(node, target)

    def orders(self, node: Node, folding: RunsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return runs.orders(node, folding, given)

    def schedule(self, node: Node, folding: RunsFolding) -> Schedule:
        return runs.schedule(node, folding)

    def cycles(self, node: Node, folding: RunsFolding) -> Cycles:
        return Cycles.exactly(runs.cycles(node, folding))

    def area(self, node: Node, folding: RunsFolding, target: Target) -> Resources:
        return runs.area(node, folding, target)

    def spec(self, node: Node, folding: RunsFolding) -> ConcatSpec:
        return runs.spec(node, folding)

    def merge(self, specs: tuple[ConcatSpec, ...]) -> ConcatSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Concat", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: ConcatSpec) -> ConcatUnit:
        from hwgen.kernels.concat.unit import ConcatUnit

        return ConcatUnit(spec)

    def program(
        self, node: Node, folding: RunsFolding, spec: ConcatSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """The constants among the sources, in the order in which the streams arrive."""
        nest = runs.nests(node, folding, taken)[0]
        if nest is None:
            raise IllegalFolding.of(
                f"Concat '{node.name}'", "an operand arrives in an order that the unit cannot use",
                found=taken[0], expected=f"{folding.inner} elements inside the axis", fix="insert a reorder",
            )  # fmt: skip
        images = {}
        for k, source in enumerate(node.src):
            if source.is_constant:
                stream = source.op.golden().ravel()[nest.order(source.type.shape).indices]
                images[f"constant_{k}"] = MemoryImage(stream.reshape(-1, spec.lanes), source.type.range.width)
        return images
