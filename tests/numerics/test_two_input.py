# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding import fraction_of_float32
from hwgen.numerics.two_input import sum_codes, sum_table

A, B = IntRange(-20, 13), IntRange(0, 31)
CASES = [  # ra, rb, c, zero point
    (Fraction(1, 2), Fraction(1, 4), Fraction(0), 3),
    (Fraction(1, 2), Fraction(-1, 2), Fraction(1, 2), 0),
    (Fraction(5, 7), Fraction(-3, 11), Fraction(1, 3), -7),
    (fraction_of_float32(np.float32(0.3)), fraction_of_float32(np.float32(0.0117)), Fraction(-2, 3), 5),
    (Fraction(0), Fraction(3), Fraction(0), 0),
]


@pytest.mark.parametrize(("ra", "rb", "c", "zero_point"), CASES)
@pytest.mark.parametrize("out", [IntRange(-128, 127), IntRange(0, 7)])
def test_the_table_and_the_codes_equal_fraction_arithmetic(ra, rb, c, zero_point, out):
    a, b = np.arange(A.lo, A.hi + 1)[:, None], np.arange(B.lo, B.hi + 1)[None]
    ideal = [[out.clamp(round(int(x) * ra + int(y) * rb + c) + zero_point) for y in b[0]] for x in a[:, 0]]
    assert sum_table(A, B, ra, rb, c, zero_point, out).tolist() == ideal
    assert sum_codes(a, b, ra, rb, c, zero_point, out).tolist() == ideal


def test_wide_scales_do_not_overflow():
    huge, tiny = Fraction(2**60 + 1), Fraction(1, 3**40)
    codes = sum_codes(np.array([1, -1, 0]), np.array([0, 0, 7]), huge, tiny, Fraction(1, 3), 0, IntRange(-128, 127))
    assert codes.tolist() == [127, -128, 0]


def test_a_table_of_wide_ranges_is_refused():
    with pytest.raises(ValueError, match="more than"):
        sum_table(IntRange(0, 2**13), IntRange(0, 2**13), Fraction(1), Fraction(1), Fraction(0), 0, IntRange(0, 1))
