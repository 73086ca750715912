# SPDX-License-Identifier: Apache-2.0
"""Binds the Window operator to its foldings and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.window import folding as windows
from hwgen.kernels.window.folding import SerialSpec, WindowFolding, WindowSpec
from hwgen.kernels.window.op import Window
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component


class WindowKernel:
    """The stream of window positions in front of convolutions and pools."""

    op = Window

    def foldings(self, node: Node, target: Target) -> tuple[WindowFolding, ...]:
        return windows.foldings(node, target)

    def orders(self, node: Node, folding: WindowFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return windows.orders(node, folding, given)

    def schedule(self, node: Node, folding: WindowFolding) -> Schedule:
        return windows.schedule(node, folding)

    def cycles(self, node: Node, folding: WindowFolding) -> Cycles:
        return Cycles.exactly(windows.cycles(node, folding))

    def area(self, node: Node, folding: WindowFolding, target: Target) -> Resources:
        return windows.area(node, folding, target)

    def spec(self, node: Node, folding: WindowFolding) -> WindowSpec:
        return windows.spec(node, folding)

    def merge(self, specs: tuple[WindowSpec, ...]) -> WindowSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Window",
                "these stages need different windows",
                found=specs,
                expected="equal specs",
                fix="one unit each",
            )
        return specs[0]

    def unit(self, spec: WindowSpec) -> Component:
        if isinstance(spec, SerialSpec):
            from hwgen.kernels.window.unit_serial import SerialUnit

            return SerialUnit(spec)
        from hwgen.kernels.window.unit_parallel import ParallelUnit

        return ParallelUnit(spec)

    def program(
        self, node: Node, folding: WindowFolding, spec: WindowSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        return {}
