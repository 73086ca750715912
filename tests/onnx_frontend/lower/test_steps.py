# SPDX-License-Identifier: Apache-2.0
"""Thresholds of rounded functions, against the function itself at every accumulator or at both sides of each jump."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hwgen.numerics.range import IntRange
from onnx_frontend.lower.curve import codes_of, direction, is_known
from onnx_frontend.lower.expression import Expression, X, scalar
from onnx_frontend.lower.steps import Steps
from onnx_frontend.quant_graph import Quant


def constant(value: Fraction | int) -> Expression:
    return Expression.constant(scalar(value))


SIGMOID = Expression("Sigmoid", (X,))
FUNCTIONS = {
    "sigmoid": SIGMOID,
    "tanh": Expression("Tanh", (X,)),
    "falling": Expression("Sub", (constant(1), SIGMOID)),
    "leaky": Expression("LeakyRelu", (X,), None, (("alpha", Fraction(1, 8)),)),
    "ties everywhere": Expression("Max", (X, constant(Fraction(-3, 2)))),
    "steps": Expression("Floor", (Expression("Mul", (X, constant(Fraction(1, 3)))),)),
    "elu": Expression("Elu", (X,), None, (("alpha", Fraction(1)),)),
}
QUANT = Quant((Fraction(1, 16),), (3,), 8, True)
LINES = [
    (Fraction(1, 32), Fraction(0)),
    (Fraction(-1, 50), Fraction(1, 7)),
    (Fraction(13, 1000), Fraction(-2)),
    (Fraction(0), Fraction(1, 2)),
]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_accumulator_gets_the_correctly_rounded_code(name):
    tree, domain = FUNCTIONS[name], IntRange(-300, 300)
    reals = [s * end + o for s, o in LINES for end in (domain.lo, domain.hi)]
    steps = Steps(tree, QUANT, min(reals), max(reals))
    for scale, offset in LINES:
        expected = codes_of(tree, [scale * acc + offset for acc in range(domain.lo, domain.hi + 1)], QUANT)
        found = steps.staircase(domain, scale, offset).evaluate(np.arange(domain.lo, domain.hi + 1))
        assert found.tolist() == expected


def test_both_sides_of_each_jump_of_a_wide_accumulator_are_right():
    scale, offset, domain = Fraction(3, 10**7), Fraction(1, 3), IntRange(-(1 << 25), 1 << 25)
    quant = Quant((Fraction(float(np.float32(1 / 255))),), (-128,), 8, True)
    staircase = Steps(SIGMOID, quant, scale * domain.lo + offset, scale * domain.hi + offset).staircase(
        domain, scale, offset
    )
    points, values = staircase.check_points
    assert len(points) > 500
    assert codes_of(SIGMOID, [scale * int(p) + offset for p in points], quant) == values.tolist()


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (SIGMOID, 1),
        (FUNCTIONS["falling"], -1),
        (Expression("Mul", (SIGMOID, constant(-2))), -1),
        (Expression("Mul", (X, SIGMOID)), None),
        (Expression("Add", (X, SIGMOID)), 1),
        (Expression("Sub", (X, SIGMOID)), None),
        (Expression("Neg", (Expression("Neg", (X,)),)), 1),
        (Expression("Gelu", (X,)), None),
        (Expression("LeakyRelu", (X,), None, (("alpha", Fraction(-1, 8)),)), None),
        (Expression("Div", (constant(1), X)), None),
        (constant(3), 0),
    ],
)
def test_the_direction_of_a_function_is_known_only_where_it_is_sure(tree, expected):
    assert direction(tree) == expected


def test_a_power_needs_a_constant_exponent():
    assert is_known(Expression("Pow", (X, constant(2))))
    assert not is_known(Expression("Pow", (constant(2), X)))
    assert not is_known(Expression("Unheard", (X,)))
