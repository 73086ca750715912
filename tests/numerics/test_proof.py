# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hwgen.errors import InternalError
from hwgen.numerics.find_multiply_shifts import find_multiply_shifts
from hwgen.numerics.proof import prove
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer

REQUANTIZER = Requantizer((Fraction(12345, 2**21), Fraction(-3001, 2**18)), (5,), 3, "ort", IntRange(-128, 127))
STAIRCASES = REQUANTIZER.staircases([IntRange(-1500, 1500), IntRange(-2000, 1000)])
(FORM, *_) = find_multiply_shifts(STAIRCASES, 40)


@pytest.mark.parametrize("name", ["multiplier", "shift"])
@pytest.mark.parametrize("change", [1, -1])
@pytest.mark.parametrize("channel", [0, 1])
def test_no_constant_can_be_off_by_one(name, change, channel):
    values = list(getattr(FORM, name))
    values[channel] += change
    with pytest.raises(InternalError, match=f"multiply_shift of channel {channel} gives"):
        prove(replace(FORM, **{name: tuple(values)}), STAIRCASES)


def test_an_addend_outside_of_its_interval_is_found():
    step = (1 << FORM.shift[0]) // 8
    with pytest.raises(InternalError, match="gives"):
        prove(replace(FORM, addend=(FORM.addend[0] + step, FORM.addend[1])), STAIRCASES)


def test_a_proof_counts_its_points():
    assert FORM.proof.points == sum(2 + 2 * len(s.thresholds) for s in STAIRCASES)


def test_a_proof_is_about_the_same_accumulators():
    with pytest.raises(InternalError, match="not about the same accumulators"):
        prove(FORM, [s.restricted(IntRange(0, 9)) for s in STAIRCASES])
