# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding import affine_round, fraction_of_float32, round_half_even

FRACTIONS = st.one_of(
    st.fractions(-50, 50, max_denominator=10_000),
    st.builds(lambda n, k: Fraction(n, 1 << k), st.integers(-1000, 1000), st.integers(0, 70)),
    st.floats(-(2.0**90), 2.0**90, width=32).map(Fraction),
)


def brute(acc: np.ndarray, ratio: Fraction, offset: Fraction, out: IntRange) -> list[int]:
    return [out.clamp(round_half_even(int(x) * ratio + offset)) for x in acc.ravel()]


def test_ties_go_to_the_even_integer():
    assert [round_half_even(Fraction(k, 2)) for k in (-5, -3, -1, 1, 3, 5)] == [-2, -2, 0, 0, 2, 2]


@settings(max_examples=150)
@given(FRACTIONS, FRACTIONS, st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=20))
def test_affine_round_equals_fraction_arithmetic(ratio, offset, acc):
    values, out = np.array(acc, np.int64), IntRange(-(2**62), 2**62)
    assert affine_round(values, ratio, offset, out=out).tolist() == brute(values, ratio, offset, out)


@pytest.mark.parametrize("ratio", [Fraction(1, 2), Fraction(-1, 6), Fraction(3, 14), Fraction(5, 2**40), Fraction(0)])
@pytest.mark.parametrize("offset", [Fraction(0), Fraction(1, 2), Fraction(1, 3), Fraction(-7, 2**30)])
def test_structural_ties_are_exact(ratio, offset):
    acc = np.arange(-2000, 2000)
    assert affine_round(acc, ratio, offset).tolist() == brute(acc, ratio, offset, IntRange(-(2**63), 2**63 - 1))


@pytest.mark.parametrize("nudge", [-1, 0, 1])
@pytest.mark.parametrize("bits", [60, 90, 300])
def test_values_next_to_a_tie_are_exact(nudge, bits):
    """A float64 cannot tell these three apart."""
    ratio = Fraction(1, 2) + Fraction(nudge, 1 << bits)
    assert affine_round(np.array([3, 5]), ratio, Fraction(0)).tolist() == [round(3 * ratio), round(5 * ratio)]


@pytest.mark.parametrize("scale", [Fraction(10**30), Fraction(-(10**30)), Fraction(1 << 2000), Fraction(1, 1 << 3000)])
def test_results_beyond_the_range_are_clipped(scale):
    acc = np.array([-3, -1, 0, 1, 3])
    for out in (IntRange(-128, 127), IntRange(-(2**63), 2**63 - 1)):
        assert affine_round(acc, scale, Fraction(1, 3), out=out).tolist() == brute(acc, scale, Fraction(1, 3), out)


def test_fractions_are_broadcast_along_the_axis():
    acc = np.arange(-60, 60).reshape(4, 3, 10).astype(np.int32)
    ratios, offsets = (Fraction(1, 2), Fraction(-1, 3), Fraction(7)), (Fraction(0), Fraction(1, 6), Fraction(1, 2))
    got = affine_round(acc, ratios, offsets, axis=1)
    for channel in range(3):
        alone = affine_round(acc[:, channel], ratios[channel], offsets[channel])
        assert (got[:, channel] == alone).all()
    assert (affine_round(acc, ratios, Fraction(0), axis=-2)[:, 2] == 7 * acc[:, 2]).all()


def test_an_empty_array_stays_empty():
    assert affine_round(np.zeros((0, 3), np.int32), Fraction(1, 3), Fraction(0)).shape == (0, 3)


def test_wrong_arguments_are_refused():
    with pytest.raises(TypeError, match="integers, not float64"):
        affine_round(np.zeros(3), Fraction(1), Fraction(0))
    with pytest.raises(ValueError, match="need an axis"):
        affine_round(np.zeros(3, int), (Fraction(1),) * 3, Fraction(0))
    with pytest.raises(ValueError, match="2 fractions for an axis of 3"):
        affine_round(np.zeros(3, int), (Fraction(1),) * 2, Fraction(0), axis=0)
    with pytest.raises(ValueError, match="2 ratios but 3 offsets"):
        affine_round(np.zeros(3, int), (Fraction(1),) * 2, (Fraction(0),) * 3, axis=0)


def test_a_float32_scale_is_an_exact_fraction():
    assert fraction_of_float32(np.float32(0.1)) == Fraction(13421773, 1 << 27)
    with pytest.raises(ValueError, match="not a float32"):
        fraction_of_float32(0.1)
    with pytest.raises(ValueError, match="finite"):
        fraction_of_float32(np.float32("inf"))
