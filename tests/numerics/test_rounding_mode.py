# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from hwgen.numerics.rounding_mode import HALF, ROUNDINGS, as_half_even, reached, round_floats, round_to_integer


def sign(value: Fraction) -> int:
    return (value > 0) - (value < 0)


PLAIN = {
    "half_even": round,
    "half_up": lambda v: sign(v) * floor(abs(v) + HALF),
    "half_down": lambda v: sign(v) * ceil(abs(v) - HALF),
    "up": lambda v: sign(v) * ceil(abs(v)),
    "down": int,
    "floor": floor,
    "ceil": ceil,
}
VALUES = [(Fraction(n, d), d) for d in (1, 2, 3, 4, 6, 7, 10) for n in range(-35, 36)]


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_each_mode_is_its_plain_formula(mode):
    assert [round_to_integer(v, mode) for v, _ in VALUES] == [PLAIN[mode](v) for v, _ in VALUES]


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_the_bounds_say_where_each_integer_is_reached(mode):
    for k in range(-4, 5):
        twice, inclusive = reached(k, mode)
        at = [PLAIN[mode](Fraction(twice, 2) + side) >= k for side in (-Fraction(1, 9), 0, Fraction(1, 9))]
        assert at == [False, inclusive, True]


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_every_mode_is_half_to_even_of_something_close(mode):
    for value, denominator in VALUES:
        for negative in {value < 0, value <= 0}:
            assert round(value + as_half_even(mode, denominator, negative)) == PLAIN[mode](value)


@pytest.mark.parametrize("mode", ROUNDINGS)
def test_floats_are_rounded_alike(mode):
    exact = [v for v, d in VALUES if d in (1, 2, 4)]
    floats = np.array([float(v) for v in exact], np.float32)
    assert round_floats(floats, mode).dtype == np.float32
    assert round_floats(floats, mode).tolist() == [PLAIN[mode](v) for v in exact]
