# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.concat.folding import RunsFolding
from hwgen.kernels.concat.kernel import ConcatKernel
from hwgen.kernels.concat.op import Concat
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel

U8, S4 = IntRange(0, 255), IntRange(-8, 7)


def concat(axis: int, *sources: tuple[tuple[int, ...], IntRange] | np.ndarray) -> Node:
    """A Concat of inputs (shape, range) and constants."""
    nodes = (
        Node(Constant(s), (), f"c{k}") if isinstance(s, np.ndarray) else Node(Input(TensorType(*s)), (), f"x{k}")
        for k, s in enumerate(sources)
    )
    return Node(Concat(axis), tuple(nodes), "concat")


def check(node: Node, lanes: int, inner: int, given: tuple[Order, ...] | None = None, **options: int) -> None:
    check_kernel(ConcatKernel(), node, RunsFolding.of(node, lanes, inner), given=given, **options)


@pytest.mark.parametrize("lanes", [1, 2])
def test_channels_are_joined_pixel_by_pixel(lanes: int) -> None:
    check(concat(1, ((1, 4, 2, 3), U8), ((1, 2, 2, 3), U8)), lanes, 1)


def test_runs_of_one_beat_take_turns_in_every_cycle() -> None:
    check(concat(1, ((1, 2, 3), U8), ((1, 2, 3), U8), ((1, 2, 3), U8)), 2, 1)


@pytest.mark.parametrize("extents", [(1, 4), (3, 1, 2), (5, 5, 1, 1)])
def test_runs_of_different_length_take_turns(extents: tuple[int, ...]) -> None:
    check(concat(1, *(((1, extent, 4), U8) for extent in extents)), 1, 1)


@pytest.mark.parametrize("lanes", [1, 3, 6])
def test_rows_are_joined_whole_in_channels_last_order(lanes: int) -> None:
    check(concat(2, ((1, 3, 2, 2), U8), ((1, 3, 3, 2), U8)), lanes, 6)


def test_whole_tensors_are_joined_along_the_outermost_axis() -> None:
    shapes = (1, 4, 3), (1, 8, 3)
    given = tuple(Order.row_major(shape) for shape in shapes)
    check(concat(1, (shapes[0], U8), (shapes[1], S4)), 4, 3, given)


@pytest.mark.parametrize("ranges", [(U8, S4), (S4, U8), (IntRange(0, 1), IntRange(-128, 127)), (S4, IntRange(-1, 0))])
def test_lanes_are_extended_to_the_range_of_the_result(ranges: tuple[IntRange, IntRange]) -> None:
    check(concat(1, ((1, 4), ranges[0]), ((1, 4), ranges[1])), 2, 1)


def test_a_single_operand_passes_through() -> None:
    check(concat(1, ((1, 4, 2), S4)), 2, 1)


@pytest.mark.parametrize("queue_depth", [1, 2])
def test_a_short_queue_behind_holds_the_unit_back_as_predicted(queue_depth: int) -> None:
    check(concat(1, ((1, 4, 3), U8), ((1, 2, 3), U8)), 2, 1, queue_depth=queue_depth)


@pytest.mark.parametrize("lanes", [1, 3])
def test_a_constant_comes_from_a_memory(lanes: int) -> None:
    token = np.arange(-3, 3).reshape(1, 1, 6)
    shape = (1, 4, 6)
    check(concat(1, token, (shape, U8)), lanes, 6, (Order.row_major(shape),))


def test_constants_between_streams_follow_their_order() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(-100, 100, (1, 2, 3, 2)), rng.integers(0, 9, (1, 4, 3, 2))
    node = concat(1, ((1, 2, 3, 2), U8), a, ((1, 4, 3, 2), S4), b)
    check(node, 2, 1)
    check(node, 2, 6, (Order.row_major((1, 2, 3, 2)), Order.row_major((1, 4, 3, 2))))


def test_the_first_operands_order_is_taken_where_it_fits() -> None:
    node = concat(3, ((1, 2, 3, 4), U8), ((1, 2, 3, 2), U8))
    folding = RunsFolding.of(node, 2, 2)
    first = Order.of_axes((1, 2, 3, 4), (0, 2, 3, 1))
    taken, result = ConcatKernel().orders(node, folding, (first, Order.row_major((1, 2, 3, 2))))
    assert taken == (first, Order.of_axes((1, 2, 3, 2), (0, 2, 3, 1)))
    assert result == Order.of_axes((1, 2, 3, 6), (0, 2, 3, 1))


def test_the_order_that_most_operands_have_wins() -> None:
    shape = (1, 2, 2, 3)
    node = concat(2, (shape, U8), (shape, U8), (shape, U8))
    wide, other = Order.of_axes(shape, (1, 2, 3, 0)), Order.of_axes(shape, (3, 2, 1, 0))
    taken, _ = ConcatKernel().orders(node, RunsFolding.of(node, 1, 3), (wide, other, wide))
    assert taken == (wide, wide, wide)
    taken, _ = ConcatKernel().orders(node, RunsFolding.of(node, 1, 2), (wide, other, wide))
    assert taken == (other, other, other)


def test_an_order_that_does_not_fit_is_replaced_by_a_standard_one() -> None:
    node = concat(1, ((1, 4, 2, 2), U8), ((1, 4, 2, 2), U8))
    split = Order.of_loops((2, 4), (4, 1), (2, 8))
    taken, _ = ConcatKernel().orders(node, RunsFolding.of(node, 2, 1), (split, split))
    assert taken == (Order.channels_last((1, 4, 2, 2)),) * 2
    with pytest.raises(IllegalFolding, match="insert a reorder"):
        folding = RunsFolding.of(node, 2, 1)
        ConcatKernel().program(node, folding, ConcatKernel().spec(node, folding), (split, split))


def test_every_folding_offered_is_legal_and_priced() -> None:
    node, target = concat(1, ((1, 4, 2, 2), U8), ((1, 6, 2, 2), U8)), Target.named("ecp5-25k")
    kernel = ConcatKernel()
    found = kernel.foldings(node, target)
    assert {(f.inner, f.lanes_out) for f in found} == {
        (i, n) for i in (1, 2, 4) for n in (1, 2, 4, 8) if 2 * i % n == 0
    }
    for folding in found:
        assert kernel.schedule(node, folding).processes[0].cycles == kernel.cycles(node, folding).worst
        assert kernel.area(node, folding, target).luts > 0
    assert kernel.cycles(node, RunsFolding.of(node, 2, 1)).worst == 20


def test_stages_with_different_specs_cannot_share_a_unit() -> None:
    kernel = ConcatKernel()
    node = concat(1, ((1, 4), U8), ((1, 4), U8))
    one, two = (kernel.spec(node, RunsFolding.of(node, lanes, 1)) for lanes in (1, 2))
    assert kernel.merge((one, one)) == one
    with pytest.raises(IllegalFolding):
        kernel.merge((one, two))
