# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

DOMAIN = IntRange(-300, 200)
ACC = np.arange(-300, 201)


@given(st.lists(st.integers(-4, 4), min_size=1, max_size=60), st.sampled_from([1, -1]))
def test_bisection_finds_every_transition(steps, direction):
    """Any monotone sequence, given as its steps."""
    sequence = np.cumsum(np.abs(steps)) * direction
    domain = IntRange(-7, len(steps) - 8)
    stairs = Staircase.of_function(lambda x: int(sequence[x + 7]), domain)
    assert (stairs.evaluate(np.arange(domain.lo, domain.hi + 1)) == sequence).all()
    assert stairs.direction in (direction, 0)


@given(st.lists(st.integers(-500, 500), max_size=40))
def test_hints_do_not_change_the_result(hints):
    def function(acc: np.ndarray) -> np.ndarray:
        return np.clip(acc // 7, -20, 9)

    assert Staircase.of_array_function(function, DOMAIN, hints) == Staircase.of_array_function(function, DOMAIN)


def test_a_function_that_turns_round_is_refused():
    with pytest.raises(ValueError, match="must rise, or fall"):
        Staircase.of_function(lambda x: abs(x), DOMAIN)


def test_transitions_name_the_values_on_both_sides():
    stairs = Staircase.of_function(lambda x: -3 * (x // 100), DOMAIN)
    assert stairs.transitions == ((-200, 9, 6), (-100, 6, 3), (0, 3, 0), (100, 0, -3), (200, -3, -6))
    assert stairs.range == IntRange(-6, 9)


def test_check_points_are_the_ends_and_both_sides_of_each_transition():
    stairs = Staircase(IntRange(0, 9), (4, 5), (1, 3, 4))
    points, values = stairs.check_points
    assert points.tolist() == [0, 3, 4, 4, 5, 9]
    assert values.tolist() == [1, 1, 3, 3, 4, 4]


def test_a_table_after_the_staircase_merges_equal_values():
    stairs = Staircase.of_function(lambda x: max(-10, min(9, x)), DOMAIN)
    relu = stairs.then(np.maximum(np.arange(-10, 10), 0), -10)
    assert (relu.evaluate(ACC) == np.clip(ACC, 0, 9)).all()
    assert relu.thresholds == tuple(range(1, 10))
    with pytest.raises(ValueError, match="does not cover"):
        stairs.then(np.arange(5), 0)


def test_mirrored_and_restricted_agree_with_evaluation():
    stairs = Staircase.of_function(lambda x: x // 13, DOMAIN)
    assert (stairs.mirrored().evaluate(-ACC) == stairs.evaluate(ACC)).all()
    small = stairs.restricted(IntRange(-13, 26))
    assert (small.evaluate(np.arange(-13, 27)) == np.arange(-13, 27) // 13).all()
    assert small.thresholds == (0, 13, 26)


def test_a_value_outside_of_the_domain_is_refused():
    with pytest.raises(ValueError, match="outside"):
        Staircase.constant(DOMAIN, 3).evaluate(np.array([201]))


@pytest.mark.parametrize(
    ("thresholds", "values", "message"),
    [
        ((3,), (1,), "has 2 values"),
        ((3, 3), (1, 2, 3), "must rise"),
        ((-300,), (1, 2), "outside"),
        ((3, 4), (1, 2, 1), "rise, or fall"),
        ((3,), (1, 1), "rise, or fall"),
    ],
)
def test_broken_staircases_cannot_be_made(thresholds, values, message):
    with pytest.raises(ValueError, match=message):
        Staircase(DOMAIN, thresholds, values)


def test_too_many_transitions_are_refused():
    with pytest.raises(ValueError, match="more than"):
        Staircase.of_array_function(lambda acc: acc, IntRange(0, 1 << 30))
