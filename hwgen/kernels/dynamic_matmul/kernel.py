# SPDX-License-Identifier: Apache-2.0
"""Binds the DynamicMatMul operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.dynamic_matmul import folding as buffered
from hwgen.kernels.dynamic_matmul.folding import BufferedFolding, BufferedSpec
from hwgen.kernels.dynamic_matmul.op import DynamicMatMul
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.dynamic_matmul.unit import BufferedUnit


class DynamicMatMulKernel:
    """Matrix products of two activations."""

    op = DynamicMatMul

    def foldings(self, node: Node, target: Target) -> tuple[BufferedFolding, ...]:
        return buffered.foldings(node, target)

    def orders(self, node: Node, folding: BufferedFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return buffered.orders(node, folding, given)

    def schedule(self, node: Node, folding: BufferedFolding) -> Schedule:
        return buffered.schedule(node, folding)

    def cycles(self, node: Node, folding: BufferedFolding) -> Cycles:
        return Cycles.exactly(buffered.cycles(node, folding))

    def area(self, node: Node, folding: BufferedFolding, target: Target) -> Resources:
        return buffered.area(node, folding, target)

    def spec(self, node: Node, folding: BufferedFolding) -> BufferedSpec:
        return buffered.spec(node, folding)

    def merge(self, specs: tuple[BufferedSpec, ...]) -> BufferedSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "DynamicMatMul",
                "these stages need different units",
                found=specs,
                expected="equal specs",
                fix="one unit each",
            )
        return specs[0]

    def unit(self, spec: BufferedSpec) -> BufferedUnit:
        from hwgen.kernels.dynamic_matmul.unit import BufferedUnit

        return BufferedUnit(spec)

    def arrange(
        self, node: Node, folding: BufferedFolding, spec: BufferedSpec, taken: tuple[Order, ...]
    ) -> BufferedSpec:
        return buffered.arrange(node, folding, spec, taken)

    def program(
        self, node: Node, folding: BufferedFolding, spec: BufferedSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Nothing: the memory of b is written by its stream."""
        return {}
