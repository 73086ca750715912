# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import ROUNDINGS
from onnx_frontend.lower.curve import codes_of, table_codes
from onnx_frontend.lower.expression import Expression, X, scalar
from onnx_frontend.quant_graph import Quant

HALVES = Expression("Abs", (Expression("Mul", (X, Expression.constant(scalar(Fraction(1, 4))))),))
CURVE = Expression("Mul", (X, Expression("Sigmoid", (X,))))


@pytest.mark.parametrize("tree", [HALVES, CURVE], ids=["halves", "curve"])
@pytest.mark.parametrize("zero_first", [False, True])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_a_table_holds_the_code_of_each_integer_in_every_way_to_round(tree, zero_first, rounding):
    quant = Quant((Fraction(1, 2),), (3,), 8, True, rounding=rounding, zero_first=zero_first)
    scale, offset, domain = Fraction(1, 4), Fraction(-1, 8), IntRange(-70, 90)
    inputs = [x * scale + offset for x in range(domain.lo, domain.hi + 1)]
    assert table_codes(tree, domain, scale, offset, quant) == codes_of(tree, inputs, quant)
