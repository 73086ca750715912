# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.float32 import (
    dequantize,
    fixed_part,
    fused_multiply_add,
    logistic,
    nearest_float32,
    quantize,
    sum_codes_float32,
)
from hwgen.numerics.range import IntRange

FLOATS = st.floats(-(2.0**40), 2.0**40, width=32, allow_subnormal=False)
UINT8 = IntRange(0, 255)


def is_nearest(value: np.float32, exact: Fraction) -> bool:
    """Whether no neighbouring float32 is closer."""
    off = abs(Fraction(float(value)) - exact)
    around = [np.nextafter(value, np.float32(end)) for end in (-np.inf, np.inf)]
    return all(off <= abs(Fraction(float(n)) - exact) for n in around)


@settings(max_examples=300)
@given(FLOATS, FLOATS, FLOATS)
def test_a_fused_multiply_add_rounds_once(a, b, c):
    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if abs(exact) > Fraction(1, 2**100):
        assert is_nearest(fused_multiply_add(np.float32(a), np.float32(b), np.float32(c)).item(), exact)


def test_rounding_to_float64_first_would_give_another_number():
    """The sum lies 2**-70 below a tie of float32: float64 loses that, and the tie goes to even."""
    a, b, c = (np.float32(v) for v in (2.0**-24 * (1 + 2.0**-23), 1 - 2.0**-23, 1 + 2.0**-23))
    twice = np.float32(np.float64(a) * np.float64(b) + np.float64(c))
    assert (fused_multiply_add(a, b, c), twice) == (c, np.float32(1 + 2.0**-22))


def test_a_sum_of_codes_takes_the_second_operand_first():
    ratios = [Fraction(float(np.float32(v))) for v in (0.7, 1.3)]
    offset = Fraction(float(fixed_part(*(nearest_float32(r) for r in ratios), 3, 5, 100)))
    a, b = np.arange(256)[:, np.newaxis], np.arange(256)
    codes = sum_codes_float32(a, b, *ratios, offset, UINT8)
    ideal = np.clip(np.rint((a - 3) * 0.7 + (b - 5) * 1.3 + 100), 0, 255)
    assert codes.shape == (256, 256)
    assert np.abs(codes - ideal).max() <= 1
    assert (codes != ideal).mean() < 0.01


def test_the_logistic_function_is_within_a_few_units_in_the_last_place():
    x = np.linspace(-30, 30, 4001).astype(np.float32)
    exact = 1 / (1 + np.exp(-x.astype(np.float64)))
    assert np.abs(logistic(x) - exact).max() < 2.0**-22
    assert logistic(np.zeros(1, np.float32)) == np.float32(0.5)


def test_codes_survive_the_way_to_float32_and_back():
    codes = np.arange(256)
    scale = Fraction(float(np.float32(0.1)))
    assert np.array_equal(quantize(dequantize(codes, scale, 7), scale, 7, UINT8), codes)
