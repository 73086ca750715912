# SPDX-License-Identifier: Apache-2.0
"""Binds the MatMul operator to its forms: for each a module with its foldings, and a unit."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, Folding, MemoryImage, UnitSpec
from hwgen.kernels.matmul import (
    folding_cascade,
    folding_compressed,
    folding_constant,
    folding_dense,
    folding_sparse,
)
from hwgen.kernels.matmul.op import MatMul
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component

FORMS: dict[str, ModuleType] = {
    "dense": folding_dense,
    "cascade": folding_cascade,
    "sparse": folding_sparse,
    "compressed": folding_compressed,
    "constant": folding_constant,
}
"""Each form by its name in plan.json: foldings, is_fallback, orders, schedule, cycles, area,
spec, arrange and program."""


class MatMulKernel:
    """Inner products in one of several forms of hardware."""

    op = MatMul

    def foldings(self, node: Node, target: Target) -> tuple[Folding, ...]:
        return tuple(folding for form in FORMS.values() for folding in form.foldings(node, target))

    def is_fallback(self, node: Node, folding: Folding, target: Target) -> bool:
        """Products in LUTs where the target has multipliers: they fill it to where placing and timing get hard."""
        multipliers = target.resources is None or target.resources.dsps > 0
        return multipliers and FORMS[folding.form].is_fallback(node, folding)

    def orders(self, node: Node, folding: Folding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return FORMS[folding.form].orders(node, folding, given)

    def schedule(self, node: Node, folding: Folding) -> Schedule:
        return FORMS[folding.form].schedule(node, folding)

    def cycles(self, node: Node, folding: Folding) -> Cycles:
        return Cycles.exactly(FORMS[folding.form].cycles(node, folding))

    def area(self, node: Node, folding: Folding, target: Target) -> Resources:
        return FORMS[folding.form].area(node, folding, target)

    def spec(self, node: Node, folding: Folding) -> UnitSpec:
        return FORMS[folding.form].spec(node, folding)

    def arrange(self, node: Node, folding: Folding, spec: UnitSpec, taken: tuple[Order, ...]) -> UnitSpec:
        return FORMS[folding.form].arrange(node, spec, taken)

    def merge(self, specs: tuple[UnitSpec, ...]) -> UnitSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "MatMul", "these stages need different arrays", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: UnitSpec) -> Component:
        from hwgen.kernels.matmul.unit_cascade import CascadeUnit
        from hwgen.kernels.matmul.unit_compressed import CompressedUnit
        from hwgen.kernels.matmul.unit_constant import ConstantUnit
        from hwgen.kernels.matmul.unit_dense import DenseUnit
        from hwgen.kernels.matmul.unit_sparse import SparseUnit

        units = {
            "DenseSpec": DenseUnit,
            "CascadeSpec": CascadeUnit,
            "SparseSpec": SparseUnit,
            "CompressedSpec": CompressedUnit,
            "ConstantSpec": ConstantUnit,
        }
        return units[type(spec).__name__](spec)

    def program(self, node: Node, folding: Folding, spec: UnitSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
        return FORMS[folding.form].program(node, folding, spec, taken)
