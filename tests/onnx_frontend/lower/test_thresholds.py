# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.numerics.range import IntRange
from onnx_frontend.lower.expression import Expression, X, scalar
from onnx_frontend.lower.thresholds import as_count, clipped, count_staircase

DOMAIN = IntRange(-20, 17)
THRESHOLDS = [Fraction(3, 2), Fraction(-7), Fraction(3, 2), Fraction(4), Fraction(9)]
CODES = [-3, -1, 0, 2, 5, 6]


def constant(value: Fraction | int) -> Expression:
    return Expression.constant(scalar(value))


@pytest.mark.parametrize("gain", [Fraction(1, 2), Fraction(-3, 4), Fraction(0), Fraction(5)])
@pytest.mark.parametrize(
    "bounds", [(None, None), (Fraction(0), None), (Fraction(-8), Fraction(4)), (None, Fraction(2))]
)
@pytest.mark.parametrize("codes", [CODES, CODES[::-1]])
def test_the_staircase_counts_at_every_integer(gain, bounds, codes):
    stairs = count_staircase(DOMAIN, gain, Fraction(1, 3), bounds, THRESHOLDS, codes)
    for acc in range(DOMAIN.lo, DOMAIN.hi + 1):
        value = clipped(gain * acc + Fraction(1, 3), bounds)
        assert stairs.evaluate(acc) == codes[sum(value >= t for t in THRESHOLDS)]


def test_what_stands_around_a_count_is_taken_apart():
    count = Expression("MultiThreshold", (Expression("Relu", (X,)), constant(1), constant(2)))
    found = as_count(Expression("Sub", (Expression("Mul", (count, constant(3))), constant(4))))
    assert (found.outer.gain.item(), found.outer.shift.item()) == (3, -4)
    assert [t.item() for t in found.thresholds] == [1, 2]
    assert found.inner.lo.item() == 0


def test_other_functions_are_no_counts():
    count = Expression("MultiThreshold", (Expression("Sigmoid", (X,)), constant(1)))
    assert as_count(count) is None
    assert as_count(Expression("Relu", (X,))) is None
