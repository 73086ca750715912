# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given as hypothesis_given
from hypothesis import strategies as st

from hwgen.errors import IllegalFolding, InternalError
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.view.folding import FrameFolding, word_loops
from hwgen.kernels.view.kernel import ReorderKernel, ReshapeKernel, TransposeKernel
from hwgen.kernels.view.op import Reorder, Reshape, Transpose
from hwgen.numerics.range import IntRange
from hwgen.plan.beats import Network
from hwgen.plan.timing import add_schedule
from hwgen.targets import Target
from hwgen.testing import check_kernel

S6 = IntRange(-32, 31)


def tensor(*shape: int) -> Node:
    return Node(Input(TensorType(shape, S6)), (), "x")


def reorder(shape: tuple[int, ...], given: Order, order: Order) -> Node:
    return Node(Reorder(order, given), (tensor(*shape),), "reorder")


@pytest.mark.parametrize("lanes", [1])
def test_channels_last_becomes_row_major_and_back(lanes: int) -> None:
    shape = (1, 3, 2, 4)
    row_major, channels_last = Order.row_major(shape), Order.channels_last(shape)
    check_kernel(ReorderKernel(), reorder(shape, channels_last, row_major), FrameFolding.of(lanes))
    check_kernel(ReorderKernel(), reorder(shape, row_major, channels_last), FrameFolding.of(lanes))


@pytest.mark.parametrize("lanes", [1, 2, 4])
def test_outer_axes_trade_places_with_lanes_over_the_innermost_one(lanes: int) -> None:
    shape = (3, 2, 4)
    node = reorder(shape, Order.row_major(shape), Order.of_axes(shape, (1, 0, 2)))
    check_kernel(ReorderKernel(), node, FrameFolding.of(lanes))


@pytest.mark.parametrize("lanes", [1, 2])
def test_blocks_of_channels_are_unfolded(lanes: int) -> None:
    shape = (1, 6, 4)
    given = Order.of_loops((3, 8), (4, 1), (2, 4))  # channel blocks of two, outermost
    check_kernel(ReorderKernel(), reorder(shape, given, Order.channels_last(shape)), FrameFolding.of(lanes))


def test_orders_that_split_an_axis_differently_meet_in_memory() -> None:
    given, order = Order.of_loops((2, 1), (3, 2)), Order.of_loops((3, 1), (2, 3))
    check_kernel(ReorderKernel(), reorder((6,), given, order), FrameFolding.of(1))


def test_frames_of_one_and_two_beats_alternate() -> None:
    check_kernel(ReorderKernel(), reorder((1, 1), Order(()), Order(())), FrameFolding.of(1), frames=5)
    order = Order.row_major((1, 4))
    for lanes in (2, 4):
        check_kernel(ReorderKernel(), reorder((1, 4), order, order), FrameFolding.of(lanes), frames=5)


@pytest.mark.parametrize("queue_depth", [1, 3])
def test_a_short_queue_behind_holds_the_reader_back_as_predicted(queue_depth: int) -> None:
    shape = (2, 3)
    node = reorder(shape, Order.row_major(shape), Order.of_axes(shape, (1, 0)))
    check_kernel(ReorderKernel(), node, FrameFolding.of(1), frames=5, queue_depth=queue_depth)


def test_frames_follow_each_other_without_a_bubble() -> None:
    node = reorder((2, 3), Order.row_major((2, 3)), Order.of_axes((2, 3), (1, 0)))
    network = Network()
    add_schedule(network, "reorder", ReorderKernel().schedule(node, FrameFolding.of(1)))
    _, reads = network.run(6)
    assert np.array_equal(np.diff(reads[1:].ravel()), np.ones(29))


@hypothesis_given(st.permutations([2, 3, 1, 0]), st.sampled_from([1, 2, 4]))
def test_word_loops_number_all_words_densely(axes: list[int], lanes: int) -> None:
    shape = (2, 3, 4, 1)
    order = Order.of_axes(shape, tuple(axes))
    if order.loops[-1][0] % lanes == 0:
        words = Order(word_loops(order, lanes)).indices
        assert sorted(words.tolist()) == list(range(24 // lanes))


def test_foldings_follow_the_run_that_both_orders_share() -> None:
    shape, target, kernel = (1, 12, 4), Target.named("ecp5-25k"), ReorderKernel()
    blocks = Order.of_loops((3, 16), (4, 1), (4, 4))
    found = kernel.foldings(reorder(shape, Order.channels_last(shape), blocks), target)
    assert [f.lanes_out for f in found] == [1, 2, 4]
    assert [f.lanes_out for f in kernel.foldings(reorder(shape, Order.row_major(shape), blocks), target)] == [1]
    node = reorder(shape, blocks, Order.channels_last(shape))
    assert [kernel.cycles(node, f).worst for f in found] == [48, 24, 12]
    assert kernel.area(node, found[0], target).ffs > 0
    assert kernel.orders(node, found[0], (Order.row_major(shape),)) == ((blocks,), Order.channels_last(shape))


def test_a_reorder_that_does_not_visit_the_tensor_is_refused() -> None:
    with pytest.raises(ValueError, match="does not visit the elements of"):
        reorder((2, 3), Order.row_major((2, 3)), Order.row_major((2, 2))).type  # noqa: B018


def test_stages_with_different_specs_cannot_share_a_unit() -> None:
    kernel, order = ReorderKernel(), Order.row_major((2, 4))
    one, two = (kernel.spec(reorder((2, 4), order, order), FrameFolding.of(lanes)) for lanes in (1, 2))
    assert kernel.merge((one, one)) == one
    with pytest.raises(IllegalFolding):
        kernel.merge((one, two))


def test_reshape_and_transpose_have_no_unit_and_rename_orders() -> None:
    x = tensor(1, 6, 2, 2)
    given = Order.channels_last((1, 6, 2, 2))
    reshape, transpose = Node(Reshape((6, 4)), (x,), "r"), Node(Transpose((0, 2, 3, 1)), (x,), "t")
    assert ReshapeKernel().orders(reshape, None, (given,)) == ((given,), given)
    assert TransposeKernel().orders(transpose, None, (given,)) == ((given,), Order.row_major((1, 2, 2, 6)))
    for kernel, node in ((ReshapeKernel(), reshape), (TransposeKernel(), transpose)):
        assert kernel.is_view and kernel.foldings(node, Target.named("generic")) == ()
        with pytest.raises(InternalError, match="is a view"):
            kernel.schedule(node, FrameFolding.of(1))


def test_a_transpose_that_tears_a_loop_apart_names_its_node() -> None:
    node = Node(Transpose((1, 0)), (tensor(3, 4),), "flip")
    with pytest.raises(IllegalFolding, match="Transpose 'flip'"):
        TransposeKernel().orders(node, None, (Order.of_loops((3, 1), (4, 3)),))


@pytest.mark.parametrize("op", [Reshape((6, 4)), Transpose((0, 2, 3, 1)), Transpose((3, 1, 0, 2))])
def test_the_stream_of_a_view_is_its_operands_stream(op: Reshape | Transpose) -> None:
    x = tensor(1, 6, 2, 2)
    node, values = Node(op, (x,), "view"), np.arange(24).reshape(1, 1, 6, 2, 2)
    kernel = ReshapeKernel() if isinstance(op, Reshape) else TransposeKernel()
    given = Order.channels_last(x.type.shape)
    _, order = kernel.orders(node, None, (given,))
    assert np.array_equal(op.golden(values).ravel()[order.indices], values.ravel()[given.indices])
