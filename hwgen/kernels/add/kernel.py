# SPDX-License-Identifier: Apache-2.0
"""Binds the Add operator to its foldings and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.add import folding
from hwgen.kernels.add.folding import AddFolding, SumSpec, SumTableSpec
from hwgen.kernels.add.op import Add
from hwgen.kernels.base import Cycles, MemoryImage
from hwgen.numerics.sum_form import SumForm
from hwgen.targets import Resources, Target

if TYPE_CHECKING:
    from hwgen.kernels.add.unit_sum import SumUnit
    from hwgen.kernels.add.unit_table import SumTableUnit


class AddKernel:
    """Sums and differences of two streams, rounded once."""

    op = Add

    def foldings(self, node: Node, target: Target) -> tuple[AddFolding, ...]:
        return folding.foldings(node, target)

    def orders(self, node: Node, folding_: AddFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        return folding.orders(node, folding_, given)

    def schedule(self, node: Node, folding_: AddFolding) -> Schedule:
        return folding.schedule(node, folding_)

    def cycles(self, node: Node, folding_: AddFolding) -> Cycles:
        return Cycles.exactly(node.type.size // folding_.lanes_out)

    def area(self, node: Node, folding_: AddFolding, target: Target) -> Resources:
        return folding.area(node, folding_, target)

    def spec(self, node: Node, folding_: AddFolding) -> SumSpec | SumTableSpec:
        return folding.spec(node, folding_)

    def merge(self, specs: tuple[SumSpec | SumTableSpec, ...]) -> SumSpec | SumTableSpec:
        if len(set(specs)) > 1:
            raise IllegalFolding.of(
                "Add", "these stages need different units", found=specs, expected="equal specs", fix="one unit each"
            )
        return specs[0]

    def unit(self, spec: SumSpec | SumTableSpec) -> SumUnit | SumTableUnit:
        from hwgen.kernels.add.unit_sum import SumUnit
        from hwgen.kernels.add.unit_table import SumTableUnit

        return SumUnit(spec) if isinstance(spec, SumSpec) else SumTableUnit(spec)

    def program(
        self, node: Node, folding_: AddFolding, spec: SumSpec | SumTableSpec, taken: tuple[Order, ...]
    ) -> dict[str, MemoryImage]:
        """The table of every lane, where there are tables."""
        if isinstance(spec, SumSpec):
            return {}
        words = folding.contents(node, spec)
        return {f"table_{lane}": MemoryImage(words, spec.out.width) for lane in range(spec.lanes)}

    def proof(self, node: Node, folding_: AddFolding, taken: tuple[Order, ...] = ()) -> dict[str, Any]:
        """The constants, and that they were compared with the exact sum (JSON-able).

        Raises InternalError if they are wrong.
        """
        form = folding.prove(node)
        op: Add = node.op  # type: ignore[assignment]
        written: dict[str, Any] = {
            "form": form.kind,
            "dialect": op.dialect,
            "zero_point": op.zero_point,
            "clip": [op.out.lo, op.out.hi],
            "scales": {"ratio_a": str(op.ratio_a), "ratio_b": str(op.ratio_b), "offset": str(op.offset)},
            "a": [form.a.lo, form.a.hi],
            "b": [form.b.lo, form.b.hi],
            "points": form.proof.points if form.proof else 0,
        }
        if not isinstance(form, SumForm):
            return {**written, "constants_in": "memory (block)"}
        return {
            **written,
            "constants_in": "the circuit",
            "multiplier_a": form.multiplier_a,
            "multiplier_b": form.multiplier_b,
            "addend": form.addend,
            "shift": form.shift,
            "clamp": [form.clamp.lo, form.clamp.hi],
            "ties": form.ties,
        }
