# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.select.folding import FilterFolding
from hwgen.kernels.select.kernel import SliceKernel
from hwgen.kernels.select.op import Slice
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel

U8, S4 = IntRange(0, 255), IntRange(-8, 7)


def cut(shape: tuple[int, ...], axis: int, start: int, count: int, step: int = 1, values: IntRange = U8) -> Node:
    return Node(Slice(axis, start, step, count), (Node(Input(TensorType(shape, values)), (), "x"),), "slice")


def check(node: Node, lanes: int, inner: int, given: Order | None = None, **options: int) -> None:
    check_kernel(SliceKernel(), node, FilterFolding.of(lanes, inner), given=given and (given,), **options)


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.parametrize("start, count", [(0, 2), (2, 2), (4, 4), (6, 2), (2, 6), (0, 8)])
def test_a_run_of_channels_passes(start: int, count: int, lanes: int) -> None:
    check(cut((1, 8, 3), 1, start, count), lanes, 1)


@pytest.mark.parametrize(
    "start, step, count", [(0, 2, 4), (1, 2, 3), (1, 3, 2), (2, 3, 2), (0, 7, 2), (3, 2, 1), (7, 3, 1)]
)
def test_every_step_th_channel_passes(start: int, step: int, count: int) -> None:
    check(cut((1, 8, 3), 1, start, count, step), 1, 1)


@pytest.mark.parametrize("lanes", [1, 3, 6])
def test_every_second_row_passes_with_all_its_lanes(lanes: int) -> None:
    check(cut((1, 3, 5, 2), 2, 1, 2, 2), lanes, 6)


@pytest.mark.parametrize("start, count", [(1, 2), (0, 1), (3, 1)])
def test_lanes_may_run_over_several_positions_that_stay_together(start: int, count: int) -> None:
    check(cut((1, 4, 2), 1, start, count, values=S4), 2, 2, Order.row_major((1, 4, 2)))
    check(cut((1, 4, 2), 1, 2, 2), 4, 2, Order.row_major((1, 4, 2)))


def test_the_whole_axis_passes() -> None:
    check(cut((1, 4, 2), 1, 0, 4), 4, 1)


def test_one_position_of_the_outermost_axis_passes() -> None:
    shape = (3, 1, 2, 4)
    check(cut(shape, 0, 1, 1), 8, 8, Order.row_major(shape))


def test_a_short_queue_behind_holds_back_only_beats_that_are_kept() -> None:
    check(cut((1, 6, 3), 1, 1, 3, 2), 1, 1, queue_depth=1)


def test_split_heads_keep_their_order() -> None:
    shape = (1, 2, 3, 2, 4)  # tokens, query/key/value, heads, features
    given = Order.of_axes(shape, (2, 1, 3, 4, 0))
    node = cut(shape, 2, 1, 1)
    taken, result = SliceKernel().orders(node, FilterFolding.of(4, 16), (given,))
    assert taken == (given,) and result == Order.row_major((1, 2, 1, 2, 4))
    check(node, 4, 16, given)


def test_an_order_that_does_not_fit_is_replaced_by_a_standard_one() -> None:
    node = cut((1, 4, 2, 2), 1, 0, 2)
    taken, result = SliceKernel().orders(node, FilterFolding.of(2, 1), (Order.row_major((1, 4, 2, 2)),))
    assert taken == (Order.channels_last((1, 4, 2, 2)),) and result == Order.channels_last((1, 2, 2, 2))


def test_every_folding_offered_is_legal_and_priced() -> None:
    kernel, target = SliceKernel(), Target.named("ecp5-25k")
    node = cut((1, 8, 2, 3), 1, 2, 4)
    found = kernel.foldings(node, target)
    assert {(f.inner, f.lanes_out) for f in found} == {
        (inner, lanes) for inner in (1, 2, 3, 6) for lanes in range(1, 13) if 2 * inner % lanes == 0
    }
    for folding in found:
        assert kernel.cycles(node, folding).worst == 48 // folding.lanes_out
        assert kernel.schedule(node, folding).processes[0].cycles == kernel.cycles(node, folding).worst
        assert kernel.area(node, folding, target).ffs > 8 * folding.lanes_out


def test_a_step_allows_no_lanes_along_the_axis() -> None:
    assert {f.lanes_out for f in SliceKernel().foldings(cut((1, 8), 1, 0, 4, 2), Target.named("generic"))} == {1}


def test_stages_with_different_specs_cannot_share_a_unit() -> None:
    kernel, folding = SliceKernel(), FilterFolding.of(1, 1)
    one, two = (kernel.spec(cut((1, 8), 1, 0, count), folding) for count in (3, 5))
    assert kernel.merge((one, one)) == one
    with pytest.raises(IllegalFolding):
        kernel.merge((one, two))
