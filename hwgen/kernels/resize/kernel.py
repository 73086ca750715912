# SPDX-License-Identifier: Apache-2.0
"""Binds the Interpolate operator to its foldings and unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.kernels.resize import folding as rows
from hwgen.kernels.resize.area import area
from hwgen.kernels.resize.folding import RowsFolding, RowsSpec
from hwgen.kernels.resize.op import Interpolate
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.resize.unit import RowsUnit


class InterpolateKernel:
    """Nearest and linear resize out of a buffer of source rows."""

    op = Interpolate

    def foldings(self, node: Node, target: Target) -> tuple[RowsFolding, ...]:
        return rows.foldings(node, target)

    def orders(self, node: Node, folding: RowsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return rows.orders(node, folding, given)

    def schedule(self, node: Node, folding: RowsFolding) -> Schedule:
        return rows.schedule(node, folding)

    def cycles(self, node: Node, folding: RowsFolding) -> Cycles:
        return Cycles.exactly(rows.cycles(node, folding))

    def area(self, node: Node, folding: RowsFolding, target: Target) -> Resources:
        return area(rows.spec(node, folding), target.family)

    def spec(self, node: Node, folding: RowsFolding) -> RowsSpec:
        return rows.spec(node, folding)

    def merge(self, specs: tuple[RowsSpec, ...]) -> RowsSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Interpolate",
                "these stages need different units",
                found=specs,
                expected="equal specs",
                fix="one unit each",
            )
        return specs[0]

    def unit(self, spec: RowsSpec) -> RowsUnit:
        from hwgen.kernels.resize.unit import RowsUnit

        return RowsUnit(spec)

    def program(
        self, node: Node, folding: RowsFolding, spec: RowsSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """Where each result row and column reads, and its weights."""
        return {
            "rows": rows.packed(rows.row_table(node, spec), rows.row_fields(spec)),
            "columns": rows.packed(rows.column_table(node, spec), rows.column_fields(spec)),
        }
