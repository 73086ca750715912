# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from hwgen.errors import InternalError
from hwgen.numerics.find_forms import find_forms
from hwgen.numerics.proof import check_proof, prove
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer

REQUANTIZER = Requantizer((Fraction(12345, 2**21), Fraction(-3001, 2**18)), (5,), 3, "ort", IntRange(-128, 127))
STAIRCASES = REQUANTIZER.staircases([IntRange(-1500, 1500), IntRange(-2000, 1000)])
FORMS = {form.kind: form for form in find_forms(STAIRCASES, 40, REQUANTIZER)}
CONSTANTS = [
    ("lookup", "table", 900),
    ("thresholds", "thresholds", 0),
    ("thresholds", "first", None),
    ("thresholds", "direction", None),
    ("multiply_shift", "multiplier", None),
    ("multiply_shift", "shift", None),
    ("division", "multiplier", None),
    ("division", "divisor", None),
    ("float32_multiply", "offset", None),
    ("float32_multiply", "significand", None),
    ("float32_multiply", "shift", None),
]


def test_all_forms_are_here():
    assert set(FORMS) == {kind for kind, _, _ in CONSTANTS}


@pytest.mark.parametrize(("kind", "name", "index"), CONSTANTS)
@pytest.mark.parametrize("change", [1, -1])
@pytest.mark.parametrize("channel", [0, 1])
def test_no_constant_can_be_off_by_one(kind, name, index, change, channel):
    form = FORMS[kind]
    values = [list(v) if isinstance(v, tuple) else v for v in getattr(form, name)]
    if index is None:
        values[channel] += change
    else:
        values[channel][index] += change
    changed = tuple(tuple(v) if isinstance(v, list) else v for v in values)
    with pytest.raises(InternalError, match=f"{kind} of channel {channel} gives"):
        prove(replace(form, **{name: changed}), STAIRCASES)


def test_an_addend_outside_of_its_interval_is_found():
    for kind in ("multiply_shift", "division"):
        form = FORMS[kind]
        step = (1 << form.shift[0]) // 8 if kind == "multiply_shift" else form.divisor[0] // 8
        with pytest.raises(InternalError, match="gives"):
            prove(replace(form, addend=(form.addend[0] + step, form.addend[1])), STAIRCASES)


def test_a_proof_counts_its_points_and_is_checked_again():
    form = FORMS["multiply_shift"]
    assert form.proof.points == sum(2 + 2 * len(s.thresholds) for s in STAIRCASES)
    assert FORMS["lookup"].proof.points == 3001 + 3001
    check_proof(form, STAIRCASES)


def test_a_proof_of_something_else_is_refused():
    form = FORMS["multiply_shift"]
    with pytest.raises(InternalError, match="proof of something else"):
        check_proof(replace(form, proof=FORMS["division"].proof), STAIRCASES)
    with pytest.raises(InternalError, match="has no proof"):
        check_proof(replace(form, proof=None), STAIRCASES)
    with pytest.raises(InternalError, match="not about the same accumulators"):
        check_proof(form, [s.restricted(IntRange(0, 9)) for s in STAIRCASES])


def test_a_proof_is_the_same_in_every_run():
    assert FORMS["thresholds"].proof == find_forms(STAIRCASES)[1].proof
