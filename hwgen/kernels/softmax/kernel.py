# SPDX-License-Identifier: Apache-2.0
"""Binds the Softmax operator to its folding and unit."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.softmax import folding as three_pass
from hwgen.kernels.softmax.folding import ThreePassFolding, ThreePassSpec
from hwgen.kernels.softmax.op import MOST_ERROR, Softmax
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.softmax.unit import ThreePassUnit


class SoftmaxKernel:
    """Softmax over one axis of integer codes."""

    op = Softmax

    def foldings(self, node: Node, target: Target) -> tuple[ThreePassFolding, ...]:
        return three_pass.foldings(node, target)

    def orders(
        self, node: Node, folding: ThreePassFolding, given: tuple[Order, ...]
    ) -> tuple[tuple[Order, ...], Order]:
        return three_pass.orders(node, folding, given)

    def schedule(self, node: Node, folding: ThreePassFolding) -> Schedule:
        return three_pass.schedule(node, folding)

    def cycles(self, node: Node, folding: ThreePassFolding) -> Cycles:
        return Cycles.exactly(three_pass.cycles(node, folding))

    def area(self, node: Node, folding: ThreePassFolding, target: Target) -> Resources:
        return three_pass.area(node, folding, target)

    def spec(self, node: Node, folding: ThreePassFolding) -> ThreePassSpec:
        return three_pass.spec(node, folding)

    def declared_error(self, node: Node) -> Fraction:
        return MOST_ERROR

    def merge(self, specs: tuple[ThreePassSpec, ...]) -> ThreePassSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Softmax", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: ThreePassSpec) -> ThreePassUnit:
        from hwgen.kernels.softmax.unit import ThreePassUnit

        return ThreePassUnit(spec)

    def program(
        self, node: Node, folding: ThreePassFolding, spec: ThreePassSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Both tables, once a lane."""
        terms, numerators = (np.array(t).reshape(-1, 1) for t in node.op.tables(spec.entries))  # type: ignore[attr-defined]
        images = {}
        for lane in range(spec.lanes):
            images[f"terms_{lane}"] = MemoryImage(terms, spec.term_bits)
            images[f"numerators_{lane}"] = MemoryImage(numerators, spec.numerator_bits)
        return images
