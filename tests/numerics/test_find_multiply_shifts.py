# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.find_multiply_shifts import find_multiply_shifts
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer
from hwgen.numerics.staircase import Staircase

DOMAIN = IntRange(-900, 1000)
ACC = np.arange(DOMAIN.lo, DOMAIN.hi + 1)
DIALECTS = st.sampled_from(["real", "ort", "ref"])
OUTS = st.sampled_from([IntRange(-128, 127), IntRange(0, 15), IntRange(0, 1), IntRange(-300, 300)])
RATIOS = st.one_of(
    st.floats(-2, 2, width=32).map(Fraction), st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 4, 32, 256]))
)


def layer(ratios, dialect="real", zero_point=3, out=IntRange(-128, 127), offsets=(0,), domains=None):
    requantizer = Requantizer(tuple(ratios), tuple(offsets), zero_point, dialect, out)
    return requantizer, requantizer.staircases(domains or [DOMAIN] * requantizer.channels)


@settings(max_examples=80)
@given(st.lists(RATIOS, min_size=1, max_size=3), DIALECTS, st.integers(-9, 9), OUTS, st.integers(-50, 50))
def test_every_form_equals_the_requantizer_everywhere(ratios, dialect, zero_point, out, offset):
    requantizer, staircases = layer(ratios, dialect, zero_point, out, (offset,))
    acc = np.repeat(ACC[:, None], len(ratios), axis=1)
    channel = np.broadcast_to(np.arange(len(ratios)), acc.shape)
    ideal = requantizer.evaluate(acc, axis=1)
    for form in find_multiply_shifts(staircases, 40):
        assert (form.evaluate(acc, channel) == ideal).all(), form.kind
        assert (form.evaluate(ACC, len(ratios) - 1) == ideal[:, -1]).all()


@settings(max_examples=60)
@given(st.lists(RATIOS, min_size=1, max_size=3), DIALECTS, st.integers(-9, 9), OUTS)
def test_intermediate_ranges_are_exact(ratios, dialect, zero_point, out):
    _, staircases = layer(ratios, dialect, zero_point, out)
    for form in find_multiply_shifts(staircases, 40):
        assert form.intermediates["acc"] == DOMAIN
        totals = [x * m + a for m, a in zip(form.multiplier, form.addend, strict=True) for x in (-900, 1000)]
        assert form.intermediates["sum"] == IntRange(min(totals), max(totals))
        last = list(form.intermediates.values())[-1]
        values = [v for stairs in staircases for v in stairs.values]
        assert (form.clamp.clamp(last.lo), form.clamp.clamp(last.hi)) == (min(values), max(values))
        assert form.needs_clamp == (last != IntRange(min(values), max(values)))


def test_channels_share_one_shift_or_have_their_own():
    ratios = [Fraction(3, 1 << 7), Fraction(5, 1 << 9), Fraction(-1, 1 << 4)]
    _, staircases = layer(ratios)
    shared, own = find_multiply_shifts(staircases)
    assert shared.shared_shift is not None and shared.ties == own.ties == "odd"
    assert own.shared_shift is None
    assert own.multiplier == (3, 5, -1)
    assert max(map(abs, shared.multiplier)) > 5


def test_channels_have_their_own_accumulator_ranges():
    domains = [IntRange(-5, 900), IntRange(-900, 3), IntRange(2, 2)]
    _, staircases = layer([Fraction(1, 7), Fraction(1, 9), Fraction(1, 2)], domains=domains)
    for form in find_multiply_shifts(staircases):
        assert form.domains == tuple(domains) and form.domain == IntRange(-900, 900)
        for channel, stairs in enumerate(staircases):
            acc = np.arange(domains[channel].lo, domains[channel].hi + 1)
            assert (form.evaluate(acc, channel) == stairs.evaluate(acc)).all()


def test_a_fused_relu_is_absorbed_by_the_clamp():
    _, (stairs,) = layer([Fraction(1, 5)], zero_point=0)
    relu = stairs.then(np.maximum(np.arange(-128, 128), 0), -128)
    form = find_multiply_shifts([relu])[0]
    assert form.clamp == IntRange(0, 127)
    assert form.needs_clamp


def test_a_curve_has_no_line():
    root = Staircase.of_function(lambda x: int(max(x, 0) ** 0.5), IntRange(-10, 10_000))
    assert find_multiply_shifts([root]) == []


@pytest.mark.parametrize("bits", [16, 20, 24])
def test_real_layers_fit_the_expected_multiplier(bits):
    """log2(accumulators across the output range) + 8 bits."""
    rng = np.random.default_rng(bits)
    ratios = [Fraction(float(r)) * Fraction(123457, 123467) for r in rng.uniform(1, 2, 8) * 2.0 ** (7 - bits)]
    _, staircases = layer(ratios, domains=[IntRange(-(2**bits), 2**bits)] * 8)
    assert find_multiply_shifts(staircases, 40)[0].multiplier_range.width <= bits + 1 + 8 + 1


def test_shared_and_own_shifts_are_judged_each_against_its_own_kind():
    """Ties to even with a shared shift stay on offer, although ties up with a shift per channel are shorter."""
    domains = [IntRange(-32, 32), IntRange(-512, 32)]
    _, staircases = layer([Fraction(4), Fraction(1, 256)], zero_point=0, domains=domains)
    forms = find_multiply_shifts(staircases)
    assert [(f.ties, f.shared_shift) for f in forms] == [("up", 15), ("up", None), ("even", 8), ("even", None)]
    assert [f.multiplier for f in forms] == [(131072, 129), (4, 129), (1024, 1), (4, 1)]


def test_wide_accumulators_and_multipliers_do_not_overflow():
    wide = IntRange(-(1 << 39), (1 << 39) - 1)
    _, staircases = layer([Fraction(361549, 1558245407719424)], domains=[wide])
    assert find_multiply_shifts(staircases, 64)[0].intermediates["product"].width > 64
