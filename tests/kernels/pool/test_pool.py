# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.pool.folding import MemoryFolding, RegisterFolding, TreeFolding
from hwgen.kernels.pool.kernel import ReduceKernel
from hwgen.kernels.pool.op import Reduce
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel

KERNEL = ReduceKernel()


def reduce(kind="max", shape=(1, 24, 2, 2), axis=1, taps=4, x=IntRange(0, 255)) -> Node:
    return Node(Reduce(kind, axis, taps), (Node(Input(TensorType(shape, x)), (), "x"),), "reduce")


RANGES = [IntRange(0, 255), IntRange(-128, 127), IntRange(-9, -2), IntRange(3, 4)]


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("x", RANGES, ids=str)
def test_registers_reduce_the_taps_of_one_channel_block_after_the_other(kind: str, x: IntRange) -> None:
    check_kernel(KERNEL, reduce(kind, x=x), RegisterFolding.of(2))


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("storage", ["registers", "distributed", "block"])
@pytest.mark.parametrize("x", RANGES[:2], ids=str)
def test_a_memory_reduces_all_channels_tap_by_tap(kind: str, storage: str, x: IntRange) -> None:
    check_kernel(KERNEL, reduce(kind, x=x), MemoryFolding.of(1, storage), frames=4)


@pytest.mark.parametrize("lanes, storage", [(1, "block"), (1, "distributed"), (2, "registers"), (4, "registers")])
def test_the_fewest_accumulators_are_back_before_their_next_turn(lanes: int, storage: str) -> None:
    words = {"block": 4, "distributed": 3, "registers": 2}[storage]
    check_kernel(KERNEL, reduce("sum", (1, 5 * words * lanes), taps=5), MemoryFolding.of(lanes, storage))


@pytest.mark.parametrize("kind", ["max", "sum"])
@pytest.mark.parametrize("taps", [1, 2, 3, 4, 9])
@pytest.mark.parametrize("x", RANGES, ids=str)
def test_a_tree_reduces_all_taps_of_a_beat(kind: str, taps: int, x: IntRange) -> None:
    check_kernel(KERNEL, reduce(kind, (1, 4 * taps, 3), taps=taps, x=x), TreeFolding.of(2, taps))


@pytest.mark.parametrize("axis, shape", [(0, (6, 3)), (1, (2, 6, 3)), (2, (2, 3, 6)), (3, (1, 2, 3, 6))])
@pytest.mark.parametrize("folding", [RegisterFolding.of(1), MemoryFolding.of(1, "registers"), TreeFolding.of(1, 3)])
def test_any_axis_can_be_reduced(axis: int, shape: tuple[int, ...], folding) -> None:  # type: ignore[no-untyped-def]
    check_kernel(KERNEL, reduce("sum", shape, axis, 3), folding)


def test_a_single_tap_passes_through() -> None:
    check_kernel(KERNEL, reduce(taps=1), RegisterFolding.of(4))


def test_a_global_pool_takes_the_channels_last_stream_of_an_image_as_it_is() -> None:
    image = Order.channels_last((1, 6, 2, 2))
    node = reduce("sum", (1, 24))
    assert KERNEL.orders(node, MemoryFolding.of(2, "registers"), (image,)) == ((image,), Order.row_major((1, 6)))
    check_kernel(KERNEL, node, MemoryFolding.of(2, "registers"), given=(image,))


def test_the_other_axes_stay_in_the_order_in_which_they_come() -> None:
    node = reduce("sum", (2, 6, 3, 4), 1, 3)
    given = Order.of_axes((2, 6, 3, 4), (3, 0, 2, 1))
    folding = TreeFolding.of(1, 3)
    taken, made = KERNEL.orders(node, folding, (Order.of_loops(*given.loops),))
    assert taken == (given,)
    assert made == Order.of_axes((2, 2, 3, 4), (3, 0, 2, 1))
    check_kernel(KERNEL, node, folding, given=(given,))


def test_an_order_that_no_form_takes_is_replaced() -> None:
    node = reduce("sum", (1, 24, 2, 2))
    taken, made = KERNEL.orders(node, RegisterFolding.of(2), (Order.row_major((1, 24, 2, 2)),))
    assert taken == (Order.of_loops((4, 1), (3, 32), (4, 4), (2, 16)),)
    assert made == Order.channels_last((1, 6, 2, 2))


def test_memories_are_offered_only_where_they_are_fast_enough() -> None:
    found = KERNEL.foldings(reduce(shape=(1, 24, 2, 2)), Target.named("ecp5-85k"))
    memories = {(f.lanes, f.storage) for f in found if isinstance(f, MemoryFolding)}
    assert memories == {
        (1, "registers"), (1, "distributed"), (1, "block"), (2, "registers"), (2, "distributed"), (3, "registers"),
    }  # fmt: skip


def test_no_tree_takes_a_beat_of_thousands_of_elements() -> None:
    found = KERNEL.foldings(reduce(shape=(1, 64 * 64), taps=64), Target.named("ecp5-85k"))
    assert max(f.lanes for f in found if isinstance(f, TreeFolding)) == 16


def test_two_different_reductions_share_no_unit() -> None:
    specs = tuple(KERNEL.spec(reduce(kind), RegisterFolding.of(1)) for kind in ("max", "sum"))
    assert KERNEL.merge((specs[0], specs[0])) == specs[0]
    with pytest.raises(IllegalFolding, match="need different units"):
        KERNEL.merge(specs)


def test_more_lanes_and_more_accumulators_cost_more() -> None:
    target, node = Target.named("ecp5-85k"), reduce("sum", (1, 4096), taps=16)
    few, many = (KERNEL.area(node, RegisterFolding.of(lanes), target) for lanes in (1, 8))
    assert few.luts < many.luts and few.ffs < many.ffs
    assert KERNEL.area(node, MemoryFolding.of(1, "block"), target).brams == 1
    assert KERNEL.area(node, TreeFolding.of(2, 16), target).luts > many.luts
