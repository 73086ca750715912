# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.errors import InternalError
from hwgen.numerics.range import IntRange
from hwgen.numerics.sum_form import SumForm, SumTable, compare_sum, find_sum_form
from hwgen.numerics.two_input import sum_table

INT8, UINT4 = IntRange(-128, 127), IntRange(0, 15)
A, B = np.arange(-128, 128)[:, None], np.arange(16)[None]
RATIOS = st.one_of(
    st.floats(-2, 2, width=32).map(Fraction), st.builds(Fraction, st.integers(-5, 5), st.sampled_from([1, 2, 8, 3]))
)


@settings(max_examples=40)
@given(RATIOS, RATIOS, RATIOS, st.integers(-9, 9), st.sampled_from([INT8, UINT4]))
def test_every_form_equals_the_exact_sum_at_every_point(ra, rb, c, zero_point, out):
    form = find_sum_form(INT8, UINT4, ra, rb, c, zero_point, out)
    table = sum_table(INT8, UINT4, ra, rb, c, zero_point, out)
    assert (form.evaluate(A, B) == table).all()
    compare_sum(form, table)
    if isinstance(form, SumForm):
        total = A * form.multiplier_a + B * form.multiplier_b + form.addend
        assert form.intermediates["sum"] == IntRange.of_array(total)
        ends = form.intermediates["shifted"]
        assert (form.clamp.clamp(ends.lo), form.clamp.clamp(ends.hi)) == (table.min(), table.max())


def test_powers_of_two_round_ties_to_the_parity_of_the_zero_point():
    even = find_sum_form(INT8, INT8, Fraction(1, 2), Fraction(1, 4), Fraction(0), 0, INT8)
    odd = find_sum_form(INT8, INT8, Fraction(1, 2), Fraction(-1, 4), Fraction(0), 7, INT8)
    assert (even.ties, even.multiplier_a, even.multiplier_b, even.shift) == ("even", 2, 1, 2)
    assert (odd.ties, odd.multiplier_a, odd.multiplier_b, odd.shift) == ("odd", 2, -1, 2)


def test_scales_of_real_networks_need_about_20_bits():
    rng = np.random.default_rng(7)
    for _ in range(5):
        sa, sb, sy = (Fraction(float(s)) for s in rng.uniform(0.01, 0.1, 3).astype(np.float32))
        form = find_sum_form(INT8, INT8, sa / sy, sb / sy, 3 * sa / sy, -5, INT8)
        assert form.ties == "up"
        assert max(form.multiplier_a, form.multiplier_b).bit_length() <= 22


def test_a_sum_without_a_plane_is_a_table():
    """Ties at every sixth point, whose direction no binary fraction of 1/3 keeps over the whole range."""
    form = find_sum_form(INT8, INT8, Fraction(1, 3), Fraction(1, 2), Fraction(0), 1, INT8)
    assert isinstance(form, SumTable)


@pytest.mark.parametrize("change", [{"multiplier_a": 1}, {"multiplier_b": -1}, {"addend": 1 << 17}, {"shift": 1}])
def test_a_changed_constant_is_found(change):
    ratios = Fraction(0.3), Fraction(0.7)
    table = sum_table(INT8, INT8, *ratios, Fraction(0), 0, INT8)
    form = find_sum_form(INT8, INT8, *ratios, Fraction(0), 0, INT8)
    changed = {name: getattr(form, name) + step for name, step in change.items()}
    with pytest.raises(InternalError, match="differs from the exact sum"):
        compare_sum(replace(form, **changed), table)
