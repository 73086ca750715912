# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.line import LineProblem, roundest
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer
from hwgen.numerics.staircase import Staircase

DOMAIN = IntRange(-3, 5)
ACC = np.arange(DOMAIN.lo, DOMAIN.hi + 1)


def rounded(total: np.ndarray, shift: int, ties: str) -> np.ndarray:
    exact = total / 2.0**shift
    return {"up": np.floor(exact), "even": np.rint(exact), "odd": np.rint(exact - 1) + 1}[ties]


def brute_force_line(ideal: np.ndarray, ties: str) -> bool:
    """Whether any multiplier of up to 2 bits, shift up to 3 and addend gives `ideal`."""
    for shift, multiplier in product(range(4), range(-3, 4)):
        addends = np.arange(-20, (int(ideal.max()) + 2 << shift) + 20)
        codes = rounded(ACC[:, None] * multiplier + addends, shift, ties)
        if (np.clip(codes, ideal.min(), ideal.max()) == ideal[:, None]).all(axis=0).any():
            return True
    return False


@settings(max_examples=150)
@given(
    st.lists(st.integers(0, 2), min_size=ACC.size, max_size=ACC.size),
    st.booleans(),
    st.sampled_from(["up", "even", "odd"]),
)
def test_a_line_is_found_exactly_when_brute_force_finds_one(steps, falling, ties):
    values = np.cumsum(steps)[:: -1 if falling else 1]
    stairs = Staircase.of_array_function(lambda acc: values[acc - DOMAIN.lo], DOMAIN)
    line = LineProblem(stairs, stairs.range).shift_line(ties, 2)
    if line is None:
        assert not brute_force_line(values, ties)
    else:
        shift = line.divisor.bit_length() - 1
        codes = rounded(ACC * line.multiplier + line.addend, shift, ties)
        assert (np.clip(codes, values.min(), values.max()) == values).all()


def test_powers_of_two_need_no_multiplier():
    domain = IntRange(-(2**20), 2**20)
    for zero_point, ties in ((0, "even"), (1, "odd")):
        stairs = Requantizer((Fraction(1, 4096),), (0,), zero_point, "real", IntRange(-128, 127)).staircase(domain)
        problem = LineProblem(stairs, stairs.range)
        assert problem.slopes == (Fraction(1, 4096), Fraction(1, 4096))
        assert problem.shift_line("up", 40) is None
        line = problem.shift_line(ties, 1)
        assert (line.multiplier, line.divisor) == (1, 4096)


def test_the_multiplier_limit_is_kept():
    stairs = Requantizer((Fraction(12345, 2**25),), (0,), 0, "real", IntRange(-128, 127)).staircase(IntRange(0, 2**19))
    problem = LineProblem(stairs, stairs.range)
    bits = problem.shift_line("up", 30).multiplier.bit_length()
    assert problem.shift_line("up", bits - 1) is None
    assert problem.shift_line("up", bits).multiplier.bit_length() == bits


def test_accumulators_of_64_bits_are_exact():
    stairs = Requantizer((Fraction(1, 3**20),), (0,), 0, "real", IntRange(-999, 999)).staircase(
        IntRange(-(2**62), 2**62)
    )
    line = LineProblem(stairs, stairs.range).shift_line("up", 70)
    points, values = stairs.check_points
    assert [
        min(999, max(-999, (int(p) * line.multiplier + line.addend) // line.divisor)) for p in points
    ] == values.tolist()


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(5, 9, 8), (-9, -5, -8), (-3, 4, 0), (5, 5, 5), (-7, -7, -7), (17, 23, 20)]
)
def test_roundest_has_the_most_trailing_zeros(low, high, expected):
    assert roundest(low, high) == expected
