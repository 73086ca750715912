# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import libmp

from hwgen.numerics.real import UNKNOWN, Real

NUMBERS = st.fractions(-40, 40, max_denominator=1000)
UNARY = [
    ("exp", mpmath.exp), ("log", mpmath.log), ("sqrt", mpmath.sqrt), ("sin", mpmath.sin), ("cos", mpmath.cos),
    ("erf", mpmath.erf),
]  # fmt: skip


def contains(real: Real, value: mpmath.mpf) -> bool:
    low, high = real.enclosure()
    return mpmath.mpf(low.numerator) / low.denominator <= value <= mpmath.mpf(high.numerator) / high.denominator


@settings(max_examples=100)
@given(NUMBERS, st.sampled_from(UNARY), st.sampled_from([30, 64, 200]))
def test_enclosures_hold_the_value_and_are_narrow(x, function, precision):
    name, reference = function
    if name in ("log", "sqrt") and x <= 0:
        return
    got = getattr(Real(x, precision), name)()
    with mpmath.workprec(400):
        value = reference(mpmath.mpf(x.numerator) / x.denominator)
        low, high = got.enclosure()
        assert high - low <= abs(high) / 2 ** (precision - 12)
        if low != high:
            assert contains(got, value)
        else:
            assert abs(mpmath.mpf(low.numerator) / low.denominator - value) < mpmath.mpf(2) ** -300


@settings(max_examples=100)
@given(NUMBERS, NUMBERS, st.sampled_from(["+", "-", "*", "/", "maximum", "minimum"]), st.booleans(), st.booleans())
def test_exact_and_enclosed_operands_mix(a, b, operation, enclose_a, enclose_b):
    """The root of a square, once as a fraction and once as an interval around it."""
    if operation == "/" and b == 0:
        return
    left, right = (widened(v) if enclose else Real(v) for v, enclose in ((a, enclose_a), (b, enclose_b)))
    exact = {
        "+": lambda: (left + right, a + b), "-": lambda: (left - right, a - b), "*": lambda: (left * right, a * b),
        "/": lambda: (left / right, a / b), "maximum": lambda: (left.maximum(right), max(a, b)),
        "minimum": lambda: (left.minimum(right), min(a, b)),
    }  # fmt: skip
    got, value = exact[operation]()
    low, high = got.enclosure()
    assert low <= value <= high
    assert high - low < Fraction(1, 2**40)
    if not (enclose_a or enclose_b):
        assert low == value == high


def widened(value: Fraction) -> Real:
    """An interval of width about 2**-60 around the value."""
    near = (Real(abs(value) + 3) ** 2 + 0 * Real(2).sqrt()).log().exp().sqrt() - 3
    return near if value >= 0 else -near


def test_rational_results_stay_exact():
    assert Real(0).exp().value == 1
    assert Real(1).log().value == 0
    assert Real(Fraction(9, 4)).sqrt().value == Fraction(3, 2)
    assert (Real(0) * Real(2).sqrt()).value == 0
    assert (Real(Fraction(2, 3)) ** -3).value == Fraction(27, 8)
    assert Real(2).sqrt().maximum(5).value == 5


def test_infinities_and_nan_follow_ieee():
    infinity = Real(1) / 0
    assert infinity.value == math.inf and (Real(-1) / 0).value == -math.inf
    assert math.isnan((Real(0) / 0).value)
    assert Real(0).log().value == -math.inf
    assert math.isnan(Real(-1).log().value) and math.isnan(Real(-1).sqrt().value)
    assert (1 / infinity).value == 0 and (-infinity).exp().value == 0
    assert (infinity - Real(2).sqrt()).value == math.inf
    assert math.isnan((infinity - infinity).value) and math.isnan((infinity * 0).value)
    assert infinity.minimum(3).value == 3 and (-infinity).maximum(3).value == 3
    assert math.isnan((Real(0) / 0).maximum(1).value)
    assert (Real(0) ** -1).value == math.inf and (infinity**2).value == math.inf


def test_powers_of_intervals_and_fractional_powers_enclose():
    assert contains(Real(2).sqrt() ** 2, mpmath.mpf(2))
    with mpmath.workprec(200):
        assert contains(Real(3) ** Fraction(5, 3), mpmath.mpf(3) ** (mpmath.mpf(5) / 3))
    assert math.isnan((Real(-3) ** Fraction(5, 3)).value)
    assert (Real(0) ** Fraction(5, 3)).value == 0


def test_steps_of_an_interval_are_known_where_both_ends_agree():
    assert (Real(2).sqrt() * 10).stepwise(math.floor).value == 14
    low, high = (Real(2).sqrt() ** 2).stepwise(math.floor).enclosure()
    assert (low, high) == (1, 2)


def test_the_maximum_of_overlapping_intervals_holds_both():
    wide = Real((libmp.from_int(1), libmp.from_int(3)))
    assert Real(2).maximum(wide).enclosure() == wide.maximum(2).enclosure() == (2, 3)
    assert Real(2).minimum(wide).enclosure() == wide.minimum(2).enclosure() == (1, 2)
    assert wide.maximum(3).value == 3


@pytest.mark.parametrize("name", ["log", "sqrt", "exp", "erf"])
def test_nothing_known_stays_nothing_known(name):
    unknown = getattr(Real(UNKNOWN), name)()
    assert unknown.enclosure() is None or name == "erf"
    assert (Real(UNKNOWN) + 1).enclosure() is None
