# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.enclosures import Enclosures
from hwgen.numerics.functions import FUNCTIONS, rounded_codes
from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real

OUT = IntRange(0, 65535)
PARAMETERS = {"clip": {"lo": Fraction(-1), "hi": Fraction(2)}, "power": {"exponent": Fraction(3)}}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_sure_is_correctly_rounded(name):
    inputs = [Fraction(3 * code - 1700, 511) for code in range(1024)]
    function, parameters = FUNCTIONS[name], PARAMETERS.get(name, {})
    with np.errstate(all="ignore"):
        codes, sure = function(Enclosures.of(inputs), **parameters).codes(Fraction(3, 100007), 1200, OUT)
    exact = rounded_codes(lambda x: function(x, **parameters), inputs, Fraction(3, 100007), 1200, OUT)
    assert codes[sure].tolist() == [e for e, s in zip(exact, sure, strict=True) if s]
    assert sure.mean() > (0.4 if name in ("sqrt", "log") else 0.99)


@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=20, deadline=None)
@given(x=st.fractions(-6, 6, max_denominator=1 << 20))
def test_an_enclosure_holds_the_number(name, x):
    function, parameters = FUNCTIONS[name], PARAMETERS.get(name, {})
    with np.errstate(all="ignore"):
        found = function(Enclosures.of([x]), **parameters)
    exact = function(Real(x, 256), **parameters).enclosure()
    if isinstance(exact, tuple) and np.isfinite(found.low).all() and np.isfinite(found.high).all():
        assert Fraction(float(np.ravel(found.low)[0])) <= exact[1]
        assert exact[0] <= Fraction(float(np.ravel(found.high)[0]))


def test_ties_are_left_to_exact_arithmetic():
    codes, sure = Enclosures.of([Fraction(1, 2), Fraction(3, 4)]).codes(Fraction(1), 0, OUT)
    assert (sure.tolist(), codes[1]) == ([False, True], 1)


def test_a_division_by_what_may_be_zero_is_not_known():
    quotient = Enclosures.of([Fraction(1)]) / Enclosures(np.array([-1.0]), np.array([1.0]))
    assert not quotient.codes(Fraction(1), 0, OUT)[1].any()
