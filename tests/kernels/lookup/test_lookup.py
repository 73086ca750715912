# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.lookup.folding import RowsFolding, foldings
from hwgen.kernels.lookup.kernel import LookupKernel
from hwgen.kernels.lookup.op import Lookup
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel


def lookup(rows: int, row: tuple[int, ...], shape: tuple[int, ...] = (1, 7), used: int | None = None) -> Node:
    """A random table; `used`: how many of its rows are asked for."""
    table = Constant(np.random.default_rng(rows).integers(-100, 120, (rows, *row)))
    indices = Node(Input(TensorType(shape, IntRange(0, (used or rows) - 1))), (), "x")
    return Node(Lookup(), (indices, Node(table, (), "table")), "lookup")


@pytest.mark.parametrize("lanes", [1, 4, 8])
@pytest.mark.parametrize("rows", [2, 33, 600])
def test_rows_equal_golden_on_time(rows: int, lanes: int) -> None:
    check_kernel(LookupKernel(), lookup(rows, (8,)), RowsFolding((1,), lanes), frames=4)


def test_rows_of_several_axes_and_fewer_indices_than_rows() -> None:
    check_kernel(LookupKernel(), lookup(20, (2, 3), (1, 2, 3), used=9), RowsFolding((1,), 3))


def test_the_order_of_the_indices_stays() -> None:
    node = lookup(10, (4,), (1, 2, 3))
    turned = Order.of_axes((1, 2, 3), (0, 2, 1))
    (taken,), order = LookupKernel().orders(node, RowsFolding((1,), 2), (turned,))
    assert taken == turned and order == Order.of_axes((1, 2, 3, 4), (0, 2, 1, 3))
    check_kernel(LookupKernel(), node, RowsFolding((1,), 2), given=(turned,))


def test_a_row_is_a_power_of_two_of_beats() -> None:
    target = Target.named("ecp5-85k")
    assert {f.lanes_out for f in foldings(lookup(10, (12,)), target)} == {3, 6, 12}
    assert {f.lanes_out for f in foldings(lookup(10, (768,)), target)} == {3, 6, 12, 24, 48, 96, 192}


def test_an_index_without_a_row_is_no_graph() -> None:
    table = Node(Constant(np.zeros((4, 2), np.int64)), (), "table")
    indices = Node(Input(TensorType((1, 2), IntRange(0, 4))), (), "x")
    with pytest.raises(ValueError, match="4 rows"):
        _ = Node(Lookup(), (indices, table), "lookup").type
