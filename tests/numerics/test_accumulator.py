# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.accumulator import accumulator_range, channel_ranges, partial_sum_range
from hwgen.numerics.range import IntRange

RANGES = st.tuples(st.integers(-4, 4), st.integers(0, 3)).map(lambda p: IntRange(p[0], p[0] + p[1]))


@settings(max_examples=60)
@given(st.lists(st.integers(-9, 9), min_size=3, max_size=3), st.lists(RANGES, min_size=3, max_size=3))
def test_ranges_are_exact_for_every_input(weights, ranges):
    w = np.array([weights])
    inputs = list(product(*(range(r.lo, r.hi + 1) for r in ranges)))
    sums = [int(np.dot(weights, x)) for x in inputs]
    assert channel_ranges(w, ranges) == (IntRange(min(sums), max(sums)),)
    on_the_way = [int(np.dot(np.array(weights)[:n], np.array(x)[:n])) for x in inputs for n in range(4)]
    held = partial_sum_range(w, ranges)
    assert min(on_the_way) in held and max(on_the_way) in held


def test_partial_sums_of_any_order_are_held_tightly():
    weights, x = np.array([[3, -2, 1]]), IntRange(1, 2)
    orders = [
        np.cumsum([w * v for w, v in zip(p, xs, strict=True)])
        for p in permutations([3, -2, 1])
        for xs in product([1, 2], repeat=3)
    ]
    seen = np.concatenate([[0], *orders])
    assert partial_sum_range(weights, x) == IntRange(int(seen.min()), int(seen.max())) == IntRange(-4, 8)


def test_each_channel_has_its_own_range_and_the_union_holds_all():
    weights = np.array([[1, -2], [3, 4]], np.int8)
    assert channel_ranges(weights, IntRange(0, 10)) == (IntRange(-20, 10), IntRange(0, 70))
    assert accumulator_range(weights, IntRange(0, 10)) == IntRange(-20, 70)


def test_sums_beyond_64_bits_are_exact():
    weights = np.full((1, 3), 2**40)
    assert accumulator_range(weights, IntRange(0, 2**40)) == IntRange(0, 3 * 2**80)
    assert accumulator_range(np.array([[1]]), IntRange(-(2**70), 2**70)) == IntRange(-(2**70), 2**70)


def test_the_narrow_type_of_the_weights_does_not_overflow():
    assert accumulator_range(np.full((1, 500), -128, np.int8), IntRange(-128, 127)).hi == 500 * 128 * 128


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"\(channels, K\)"):
        accumulator_range(np.zeros(3, int), IntRange(0, 1))
    with pytest.raises(ValueError, match="2 ranges for 3 weights"):
        accumulator_range(np.zeros((1, 3), int), [IntRange(0, 1)] * 2)
