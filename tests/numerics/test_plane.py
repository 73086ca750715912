# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.plane import PlaneProblem
from hwgen.numerics.range import IntRange
from hwgen.numerics.two_input import sum_table

A, B = IntRange(-3, 3), IntRange(0, 5)
RATIOS = st.fractions(-2, 2, max_denominator=9)


def codes(ma: int, mb: int, addends: np.ndarray, shift: int) -> np.ndarray:
    a, b = np.arange(A.lo, A.hi + 1)[:, None, None], np.arange(B.lo, B.hi + 1)[None, :, None]
    return (a * ma + b * mb + addends) >> shift


@settings(max_examples=20)
@given(RATIOS, RATIOS, st.fractions(-2, 2, max_denominator=4))
def test_no_plane_of_a_smaller_shift_is_missed(ra, rb, c):
    """All multipliers, not only those near the ratios."""
    table = sum_table(A, B, ra, rb, c, 0, IntRange(-4, 4))
    plane = PlaneProblem(A, B, ra, rb, table).find("up", 8)
    smallest = plane.shift if plane else 3
    for shift in range(min(smallest, 3)):
        bound = (2 << shift) + 3
        addends = np.arange(-(40 << shift), 40 << shift)
        for ma, mb in product(range(-bound, bound + 1), repeat=2):
            found = np.clip(codes(ma, mb, addends, shift), table.min(), table.max())
            assert not (found == table[..., None]).all(axis=(0, 1)).any()
    if plane:
        found = codes(plane.multiplier_a, plane.multiplier_b, np.array([plane.addend]), plane.shift)[..., 0]
        assert (np.clip(found, table.min(), table.max()) == table).all()


def test_limits_are_kept():
    table = sum_table(A, B, Fraction(5, 7), Fraction(3, 11), Fraction(0), 0, IntRange(-99, 99))
    problem = PlaneProblem(A, B, Fraction(5, 7), Fraction(3, 11), table)
    plane = problem.find("up", 20)
    assert problem.find("up", 20, plane.shift - 1) is None
    assert problem.find("up", 2) is None
    assert PlaneProblem(A, B, Fraction(0), Fraction(0), table * 0).find("up", 20, -1) is None
