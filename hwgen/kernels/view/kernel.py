# SPDX-License-Identifier: Apache-2.0
"""Binds Reshape and Transpose, which only rename orders, and Reorder with its frame memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding, InternalError
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, Folding, MemoryImage, UnitSpec
from hwgen.kernels.view import folding as frames
from hwgen.kernels.view.folding import FrameFolding, FrameSpec
from hwgen.kernels.view.op import Reorder, Reshape, Transpose
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component

    from hwgen.kernels.view.unit import FrameUnit


class _View:
    """A node without hardware: its stream is its operand's."""

    is_view = True

    def foldings(self, node: Node, target: Target) -> tuple[Folding, ...]:
        return ()

    def schedule(self, node: Node, folding: Folding) -> Schedule:
        raise _no_unit(node)

    def cycles(self, node: Node, folding: Folding) -> Cycles:
        raise _no_unit(node)

    def area(self, node: Node, folding: Folding, target: Target) -> Resources:
        raise _no_unit(node)

    def spec(self, node: Node, folding: Folding) -> UnitSpec:
        raise _no_unit(node)

    def merge(self, specs: tuple[UnitSpec, ...]) -> UnitSpec:
        raise InternalError("a view has no unit to merge")

    def unit(self, spec: UnitSpec) -> Component:
        raise InternalError("a view has no unit")

    def program(self, node: Node, folding: Folding, spec: UnitSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
        raise _no_unit(node)


class ReshapeKernel(_View):
    """The flat index stays, and so does the order over it."""

    op = Reshape

    def orders(self, node: Node, folding: Folding | None, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return given, given[0]


class TransposeKernel(_View):
    """The same stream under new flat indices."""

    op = Transpose

    def orders(self, node: Node, folding: Folding | None, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return given, frames.transposed(node, given[0])


class ReorderKernel:
    """The same tensor in another order, through a memory of two frames."""

    op = Reorder

    def foldings(self, node: Node, target: Target) -> tuple[FrameFolding, ...]:
        return frames.foldings(node, target)

    def orders(self, node: Node, folding: FrameFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return frames.orders(node, folding, given)

    def schedule(self, node: Node, folding: FrameFolding) -> Schedule:
        return frames.schedule(node, folding)

    def cycles(self, node: Node, folding: FrameFolding) -> Cycles:
        return Cycles.exactly(frames.cycles(node, folding))

    def area(self, node: Node, folding: FrameFolding, target: Target) -> Resources:
        return frames.area(node, folding, target)

    def spec(self, node: Node, folding: FrameFolding) -> FrameSpec:
        return frames.spec(node, folding)

    def merge(self, specs: tuple[FrameSpec, ...]) -> FrameSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Reorder", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: FrameSpec) -> FrameUnit:
        from hwgen.kernels.view.unit import FrameUnit

        return FrameUnit(spec)

    def program(
        self, node: Node, folding: FrameFolding, spec: FrameSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Nothing: the frame memory has no contents of its own."""
        return {}


def _no_unit(node: Node) -> InternalError:
    return InternalError(f"{node.op.name} '{node.name}' is a view and has no unit")
