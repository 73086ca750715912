# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen.ir.order import Order, row_major_strides

SHAPES = st.lists(st.integers(1, 6), min_size=1, max_size=4).map(tuple)


@st.composite
def axis_orders(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...], Order]:
    """A shape, an order of its axes, and the stream order with that order of axes."""
    shape = draw(SHAPES)
    axes = draw(st.permutations(range(len(shape))).map(tuple))
    return shape, axes, Order.of_axes(shape, axes)


@st.composite
def split_orders(draw: st.DrawFn) -> tuple[tuple[int, ...], Order]:
    """A shape and an order whose loops are parts of axes, in any nesting."""
    factors = [
        draw(st.lists(st.sampled_from([1, 2, 3]), min_size=1, max_size=2)) for _ in range(draw(st.integers(1, 3)))
    ]
    shape = tuple(int(np.prod(f)) for f in factors)
    loops, stride = [], 1
    for per_axis in factors[::-1]:
        for factor in per_axis:
            loops.append((factor, stride))
            stride *= factor
    return shape, Order.of_loops(*draw(st.permutations(loops)))


@given(axis_orders())
def test_indices_walk_the_axes_in_the_order_given(case) -> None:
    shape, axes, order = case
    walked = np.arange(np.prod(shape)).reshape(shape).transpose(axes).ravel()
    assert np.array_equal(order.indices, walked)
    assert order.size == len(walked)


@given(split_orders())
def test_a_canonical_order_visits_every_element_once_and_is_as_short_as_can_be(case) -> None:
    shape, order = case
    assert sorted(order.indices.tolist()) == list(range(int(np.prod(shape))))
    assert all(count > 1 for count, _ in order.loops)
    assert all(a[1] != b[0] * b[1] for a, b in zip(order.loops, order.loops[1:], strict=False))


@given(split_orders(), split_orders())
def test_orders_are_equal_exactly_when_their_streams_are(one, other) -> None:
    assert (one[1] == other[1]) == np.array_equal(one[1].indices, other[1].indices)


@given(split_orders(), st.data())
def test_a_transposed_order_is_the_same_stream_under_new_indices(case, data: st.DataObject) -> None:
    shape, order = case
    perm = data.draw(st.permutations(range(len(shape))).map(tuple))
    values = np.arange(order.size).reshape(shape)
    moved = order.transposed(shape, perm)
    assert np.array_equal(values.transpose(perm).ravel()[moved.indices], values.ravel()[order.indices])


def test_a_transpose_that_tears_a_loop_apart_is_refused() -> None:
    # 4@3 over (3, 4): the loop runs 0, 3, 6, 9 and leaves its row in uneven steps
    with pytest.raises(ValueError, match="loop 4@3 does not follow the axes of"):
        Order.of_loops((3, 1), (4, 3)).transposed((3, 4), (1, 0))


def test_reshape_and_transpose_of_an_image_give_the_familiar_orders() -> None:
    image = Order.channels_last((1, 8, 4, 5))
    assert image == Order.of_loops((20, 1), (8, 20)) and str(image) == "20@1 8@20"
    assert image.transposed((1, 8, 4, 5), (0, 2, 3, 1)) == Order.row_major((1, 4, 5, 8))
    assert Order.channels_last((1, 6)) == Order.row_major((1, 6)) == Order(((6, 1),))
    assert str(Order.row_major((1, 1))) == "1" and Order.row_major((1, 1)).size == 1


def test_channels_last_of_a_signal_has_the_channels_innermost() -> None:
    assert Order.channels_last((1, 3, 7)) == Order.of_loops((7, 1), (3, 7))


@given(axis_orders(), st.data())
def test_a_run_over_an_axis_is_found_exactly_where_it_is_innermost(case, data: st.DataObject) -> None:
    shape, axes, order = case
    axis = data.draw(st.sampled_from(axes))
    inner = [a for a in axes[axes.index(axis) + 1 :] if shape[a] > 1]
    run = order.run_over(shape, axis)
    if inner and shape[axis] > 1:
        assert run is None
    else:
        assert run is not None and run.tolist() == list(range(shape[axis]))


def test_a_permuted_run_tells_the_permutation() -> None:
    order = Order.of_loops((5, 6), (2, 1), (3, 2))
    assert order.run_over((5, 6), 1).tolist() == [0, 2, 4, 1, 3, 5]
    assert order.run_over((5, 6), 0) is None


def test_a_run_whose_positions_differ_between_turns_is_none() -> None:
    # innermost 2@1 covers only half of the axis of four
    assert Order.of_loops((2, 2), (3, 4), (2, 1)).run_over((3, 4), 1) is None


def test_row_major_strides() -> None:
    assert row_major_strides((2, 3, 4)) == (12, 4, 1) and row_major_strides(()) == ()
