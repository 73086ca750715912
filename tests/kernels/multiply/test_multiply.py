# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.multiply.folding import MultiplyFolding, orders
from hwgen.kernels.multiply.kernel import MultiplyKernel
from hwgen.kernels.multiply.op import Multiply
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel

INT8, UINT8 = IntRange(-128, 127), IntRange(0, 255)


def multiply(a: IntRange, b: IntRange, zero_a: int = 0, zero_b: int = 0, shape: tuple[int, ...] = (1, 6, 3, 3)) -> Node:
    sources = tuple(Node(Input(TensorType(shape, r)), (), name) for name, r in (("a", a), ("b", b)))
    return Node(Multiply(zero_a, zero_b), sources, "multiply")


@pytest.mark.parametrize("multiplier", ["dsp", "lut"])
@pytest.mark.parametrize(
    "a, b, zero_a, zero_b, lanes",
    [
        (INT8, INT8, 0, 0, 6),
        (UINT8, UINT8, 128, 3, 3),
        (UINT8, INT8, 0, -7, 2),
        (IntRange(0, 3), IntRange(-900, 1000), 5, 0, 3),
        (IntRange(-(1 << 19), 1 << 19), INT8, 1, 0, 1),
        (IntRange(4, 9), IntRange(2, 2), 3, 1, 6),
    ],
)
def test_products_equal_golden_on_time(
    a: IntRange, b: IntRange, zero_a: int, zero_b: int, lanes: int, multiplier: str
) -> None:
    check_kernel(MultiplyKernel(), multiply(a, b, zero_a, zero_b), MultiplyFolding.of(lanes, multiplier))


def test_a_queue_of_one_beat_slows_it_down_as_predicted() -> None:
    check_kernel(MultiplyKernel(), multiply(INT8, INT8), MultiplyFolding.of(1, "dsp"), queue_depth=1)


def test_the_second_operand_has_to_come_in_the_order_of_the_first() -> None:
    node = multiply(INT8, INT8)
    first, second = Order.channels_last(node.type.shape), Order.row_major(node.type.shape)
    assert orders(node, MultiplyFolding.of(1, "dsp"), (first, second)) == ((first, first), first)
    check_kernel(MultiplyKernel(), node, MultiplyFolding.of(3, "dsp"), given=(second, first))
