# SPDX-License-Identifier: Apache-2.0
"""Binds the MatMul operator to its foldings and units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.matmul import folding as dense
from hwgen.kernels.matmul.folding import DenseFolding, DenseSpec
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.matmul.unit_dense import DenseUnit


class MatMulKernel:
    """Inner products on a PE x SIMD array."""

    op = MatMul

    def foldings(self, node: Node, target: Target) -> tuple[DenseFolding, ...]:
        return dense.foldings(node, target)

    def orders(self, node: Node, folding: DenseFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return dense.orders(node, folding, given)

    def schedule(self, node: Node, folding: DenseFolding) -> Schedule:
        return dense.schedule(node, folding)

    def cycles(self, node: Node, folding: DenseFolding) -> Cycles:
        return Cycles.exactly(dense.cycles(node, folding))

    def area(self, node: Node, folding: DenseFolding, target: Target) -> Resources:
        return dense.area(node, folding, target)

    def spec(self, node: Node, folding: DenseFolding) -> DenseSpec:
        return dense.spec(node, folding)

    def merge(self, specs: tuple[DenseSpec, ...]) -> DenseSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "MatMul", "these stages need different arrays", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: DenseSpec) -> DenseUnit:
        from hwgen.kernels.matmul.unit_dense import DenseUnit

        return DenseUnit(spec)

    def program(
        self, node: Node, folding: DenseFolding, spec: DenseSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """The weights in the order in which the inputs arrive."""
        positions = dense.positions_in(node, folding, taken[0])
        if positions is None:
            raise IllegalFolding.of(
                f"MatMul '{node.name}'",
                "the inputs arrive in an order that the array cannot use",
                found=taken[0],
                expected="the contracted axis innermost",
                fix="insert a reorder",
            )
        weights = weights_of(node.src)
        inputs = weights.shape[1]
        blocks, steps, lanes, simd = positions.shape
        by_group = weights.reshape(blocks, lanes, spec.folds, spec.pe, inputs)
        column = (positions % inputs).transpose(0, 2, 1, 3)[:, :, None, None]
        # (block, group lane, fold, pe, step, simd) -> word (block, fold, step), lane (group lane, pe, simd)
        chosen = np.take_along_axis(by_group[..., None, :], column, axis=-1)
        words = chosen.transpose(0, 2, 4, 1, 3, 5).reshape(spec.weight_depth, -1)
        return {"weights": MemoryImage(words, spec.weight_bits)}
