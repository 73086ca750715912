# SPDX-License-Identifier: Apache-2.0
"""Binds the LayerNorm operator to its folding and unit."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.layer_norm import folding as two_pass
from hwgen.kernels.layer_norm.area import area
from hwgen.kernels.layer_norm.folding import TwoPassFolding, TwoPassSpec
from hwgen.kernels.layer_norm.op import LayerNorm
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.layer_norm.unit import TwoPassUnit


class LayerNormKernel:
    """LayerNorm and RMSNorm over one axis of integer codes."""

    op = LayerNorm

    def foldings(self, node: Node, target: Target) -> tuple[TwoPassFolding, ...]:
        return two_pass.foldings(node)

    def orders(self, node: Node, folding: TwoPassFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return two_pass.orders(node, given)

    def schedule(self, node: Node, folding: TwoPassFolding) -> Schedule:
        return two_pass.schedule(node, folding)

    def cycles(self, node: Node, folding: TwoPassFolding) -> Cycles:
        return Cycles.exactly(two_pass.cycles(node, folding))

    def area(self, node: Node, folding: TwoPassFolding, target: Target) -> Resources:
        return area(two_pass.spec(node, folding), target.family)

    def spec(self, node: Node, folding: TwoPassFolding) -> TwoPassSpec:
        return two_pass.spec(node, folding)

    def declared_error(self, node: Node) -> Fraction:
        return node.op.error(two_pass.row_of(node))  # type: ignore[attr-defined]

    def merge(self, specs: tuple[TwoPassSpec, ...]) -> TwoPassSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "LayerNorm",
                "these stages need different units",
                found=specs,
                expected="equal specs",
                fix="one unit each",
            )
        return specs[0]

    def unit(self, spec: TwoPassSpec) -> TwoPassUnit:
        from hwgen.kernels.layer_norm.unit import TwoPassUnit

        return TwoPassUnit(spec)

    def program(
        self, node: Node, folding: TwoPassFolding, spec: TwoPassSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Gains and biases where they differ between elements, once a lane; the zero point is part of the biases."""
        op: LayerNorm = node.op  # type: ignore[assignment]
        images = {}
        added = op.zero_point << op.bias_bits
        for name, values, bits, one in (
            ("gains", op.gains, spec.gain_bits, spec.gain),
            ("biases", tuple(b + added for b in op.biases), spec.bias_bits, spec.bias),
        ):
            for lane in range(spec.lanes if one is None else 0):
                words = np.array(values[lane :: spec.lanes], object).reshape(-1, 1)
                images[f"{name}_{lane}"] = MemoryImage(words, bits)
        return images
