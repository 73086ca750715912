# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.add import folding as folding_module
from hwgen.kernels.add.folding import SumFolding, SumTableFolding, contents, foldings, orders, spec
from hwgen.kernels.add.kernel import AddKernel
from hwgen.kernels.add.op import Add
from hwgen.numerics.float32 import fixed_part
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel

KERNEL = AddKernel()
TARGET = Target.named("ecp5-85k")
INT8, UINT8 = IntRange(-128, 127), IntRange(0, 255)
INT16, UINT16 = IntRange.of_bits(16, signed=True), IntRange.of_bits(16, signed=False)


def add(
    ratio_a: Fraction,
    ratio_b: Fraction,
    offset: Fraction = Fraction(0),
    *,
    a: IntRange = INT8,
    b: IntRange = INT8,
    zero_point: int = 0,
    out: IntRange = INT8,
    shape: tuple[int, ...] = (1, 6, 5, 5),
) -> Node:
    sources = tuple(Node(Input(TensorType(shape, r)), (), name) for name, r in (("a", a), ("b", b)))
    return Node(Add(ratio_a, ratio_b, offset, zero_point, out), sources, "add")


def f32(value: float) -> Fraction:
    return Fraction(float(np.float32(value)))


NODES = {
    "two scales": add(f32(0.713), f32(0.294), Fraction(5, 3)),
    "difference of unsigned codes": add(f32(0.9), f32(-0.41), a=UINT8, b=UINT8, out=UINT8, zero_point=100),
    "equal scales": add(Fraction(1), Fraction(1)),
    "powers of two": add(Fraction(1, 2), Fraction(1, 4)),
    "powers of two, odd zero point": add(Fraction(1, 4), Fraction(-1, 2), zero_point=3),
    "relu": add(f32(0.6), f32(0.7), out=IntRange(0, 127)),
    "narrow": add(f32(0.31), f32(1.7), a=IntRange(-8, 7), b=IntRange(0, 3), out=IntRange(-8, 7)),
    "one operand that counts for nothing": add(f32(0.5001), Fraction(0)),
    "codes of odd widths": add(f32(0.377), f32(-0.291), Fraction(7, 5), a=IntRange(-40, 60), b=IntRange(0, 20)),
    "a copy and a table": add(Fraction(1, 4), f32(0.2913), Fraction(-9, 7)),
    "wide multipliers": add(
        f32(0.0123457), f32(0.0000321), Fraction(1, 3), a=IntRange(-2000, 2000), b=IntRange(-1500, 1500)
    ),
}
NODES["integers of 16 bits"] = add(
    Fraction(12_582_917), Fraction(-9_437_189), Fraction(77), a=INT16, b=UINT16, out=IntRange.of_bits(62, signed=True)
)
ORT = [f32(np.float32(s) / np.float32(0.045)) for s in (0.02, 0.031)]
NODES["float32 of onnxruntime"] = Node(
    Add(*ORT, Fraction(float(fixed_part(*map(np.float32, map(float, ORT)), 7, 100, 129))), 0, UINT8, "ort"),
    add(*ORT, a=UINT8, b=UINT8).src,
    "add",
)
TABLE = add(Fraction(1, 10), Fraction(3, 10), a=IntRange(-20, 19), b=IntRange(0, 30), zero_point=1)


def cases() -> list[object]:
    return [
        pytest.param(node, folding, id=f"{name}: {getattr(folding, 'multiplier', '')} x{folding.lanes_out}")
        for name, node in NODES.items()
        for folding in foldings(node, TARGET)
        if folding.lanes_out == (1 if name == "two scales" else 6)
    ]


@pytest.mark.parametrize("node, folding", cases())
def test_sums_equal_golden_on_time(node: Node, folding: SumFolding) -> None:
    check_kernel(KERNEL, node, folding)


def test_ties_that_no_plane_gets_right_go_through_a_table() -> None:
    found = foldings(TABLE, TARGET)
    assert {type(f) for f in found} == {SumTableFolding}
    check_kernel(KERNEL, TABLE, SumTableFolding.of(2))


def test_the_table_holds_every_pair_of_codes() -> None:
    words = contents(TABLE, spec(TABLE, SumTableFolding.of(1)))  # type: ignore[arg-type]
    a, b = np.meshgrid(np.arange(-20, 20), np.arange(31), indexing="ij")
    assert np.array_equal(words[(a % 64) * 32 + b, 0], TABLE.op.table(IntRange(-20, 19), IntRange(0, 30)))  # type: ignore[attr-defined]


def test_the_second_operand_has_to_come_in_the_order_of_the_first() -> None:
    node = NODES["two scales"]
    first, second = Order.channels_last(node.type.shape), Order.row_major(node.type.shape)
    assert orders(node, SumFolding.of(1, "lut"), (first, second)) == ((first, first), first)


def test_proofs_name_the_constants_and_every_pair_of_codes() -> None:
    written = json.loads(json.dumps(KERNEL.proof(NODES["two scales"], SumFolding.of(1, "lut"))))
    assert written["form"] == "sum" and written["points"] == 1 << 16 and written["shift"] > 0
    assert KERNEL.proof(TABLE, SumTableFolding.of(1))["constants_in"] == "memory (block)"


def test_wrong_constants_are_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    node = NODES["two scales"]
    form = folding_module.form_of(node)
    wrong = replace(form, addend=form.addend + (1 << form.shift >> 1))  # type: ignore[union-attr, call-arg]
    monkeypatch.setattr(folding_module, "form_of", lambda _: wrong)
    with pytest.raises(InternalError):
        KERNEL.proof(node, SumFolding.of(1, "lut"))


def test_a_sum_of_wide_integers_is_its_own_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    node = NODES["integers of 16 bits"]
    written = KERNEL.proof(node, SumFolding.of(1, "lut"))
    assert (written["multiplier_a"], written["addend"], written["shift"]) == (12_582_917, 77, 0)
    wrong = replace(folding_module.form_of(node), addend=78)  # type: ignore[call-arg]
    monkeypatch.setattr(folding_module, "form_of", lambda _: wrong)
    with pytest.raises(InternalError):
        KERNEL.proof(node, SumFolding.of(1, "lut"))
