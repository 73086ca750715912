# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen.ir.axis_nest import AxisNest
from hwgen.ir.order import Order


@st.composite
def nests(draw: st.DrawFn) -> tuple[tuple[int, ...], int, int, Order]:
    """(shape, axis, elements inside one position of it, order)."""
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))
    axes = draw(st.permutations(range(len(shape))))
    k = draw(st.integers(0, len(shape) - 1))
    inner = int(np.prod([shape[a] for a in axes[k + 1 :]]))
    return shape, axes[k], inner, Order.of_axes(shape, tuple(axes))


@given(nests())
def test_a_nest_gives_its_order_back(case) -> None:
    shape, axis, inner, order = case
    nest = AxisNest.of(order, shape, axis, inner)
    assert nest is not None and nest.order(shape) == order


@given(nests(), st.integers(1, 5))
def test_a_nest_keeps_all_other_positions_when_its_axis_grows(case, extent: int) -> None:
    shape, axis, inner, order = case

    def positions(extent: int) -> np.ndarray:
        """Position per axis, shape (axes, turns, extent, inner)."""
        grown = (*shape[:axis], extent, *shape[axis + 1 :])
        indices = AxisNest.of(order, shape, axis, inner).order(grown).indices
        return np.array(np.unravel_index(indices, grown)).reshape(len(shape), -1, extent, inner)

    found, before = positions(extent), positions(shape[axis])
    assert np.all(found[axis] == np.arange(extent)[:, np.newaxis])
    assert np.all(np.delete(found, axis, axis=0) == np.delete(before, axis, axis=0)[:, :, :1])


def test_an_order_without_that_nest_has_none() -> None:
    shape = (2, 4, 3)
    assert AxisNest.of(Order.row_major(shape), shape, 1, 1) is None
    assert AxisNest.of(Order.row_major(shape), shape, 1, 6) is None
    assert AxisNest.of(Order.of_loops((2, 12), (2, 3), (3, 1), (2, 6)), shape, 1, 1) is None  # axis in two loops
    assert AxisNest.of(Order.of_loops((6, 1), (4, 6)), shape, 1, 1) is None  # a loop over parts of two axes
    assert AxisNest.of(Order.row_major(shape), shape, 1, 48) is None


def test_an_axis_of_one_position_may_sit_anywhere() -> None:
    shape = (4, 1, 8)
    nest = AxisNest.of(Order.row_major(shape), shape, 1, 4)
    assert nest.order((4, 3, 8)) == Order.of_loops((4, 24), (2, 4), (3, 8), (4, 1))


def test_standard_nests_prefer_channels_last_then_row_major_then_any_axes() -> None:
    shape = (1, 8, 2, 5)
    assert AxisNest.standard(shape, 1, 1).order(shape) == Order.channels_last(shape)
    assert AxisNest.standard(shape, 1, 10).order(shape) == Order.row_major(shape)
    assert AxisNest.standard(shape, 1, 5).order(shape) == Order.of_axes(shape, (0, 2, 1, 3))
    with pytest.raises(ValueError, match="no axes of"):
        AxisNest.standard(shape, 1, 3)


def test_inner_sizes_are_all_products_of_other_axes() -> None:
    assert AxisNest.inner_sizes((1, 8, 2, 5), 1) == (1, 2, 5, 10)
    assert AxisNest.inner_sizes((7,), 0) == (1,)
