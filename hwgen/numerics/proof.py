# SPDX-License-Identifier: Apache-2.0
"""Proofs that a hardware form of a requantizer equals its staircases, for every accumulator value.

A form is monotone by construction, so by the argument in `hwgen.numerics.staircase` equality at both ends of the
domain and on both sides of each transition is equality everywhere. (A lookup is not; there every point is compared.)
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hwgen.errors import InternalError
from hwgen.numerics.staircase import Staircase

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from hwgen.numerics.forms import Form

AnyForm = TypeVar("AnyForm", bound="Form")


@dataclass(frozen=True)
class Proof:
    """What was compared: the number of points over all channels, and a hash of the form and its staircases."""

    points: int
    digest: str


def prove(form: AnyForm, staircases: Sequence[Staircase]) -> AnyForm:
    """The form with its proof. Raises InternalError at the first accumulator value where it is wrong."""
    return replace(form, proof=_compare(form, staircases))


def check_proof(form: Form, staircases: Sequence[Staircase]) -> None:
    """Compare again. Raises InternalError if the form has no proof, a proof of something else, or is wrong."""
    if form.proof is None:
        raise InternalError(f"{form.kind} has no proof")
    again = _compare(form, staircases)
    if again != form.proof:
        raise InternalError(f"{form.kind} carries a proof of something else: {form.proof}, not {again}")


def _compare(form: Form, staircases: Sequence[Staircase]) -> Proof:
    if tuple(s.domain for s in staircases) != form.domains:
        raise InternalError(f"{form.kind} and its staircases are not about the same accumulators")
    total = 0
    for channel, staircase in enumerate(staircases):
        points, expected = staircase.check_points
        if not form.monotone:
            points = np.arange(staircase.domain.lo, staircase.domain.hi + 1)
            expected = staircase.evaluate(points)
        found = form.evaluate(points, channel)
        total += len(points)
        if (wrong := np.flatnonzero(found != expected)).size:
            first = wrong[0]
            raise InternalError(
                f"{form.kind} of channel {channel} gives {found[first]} for accumulator {points[first]}, "
                f"the staircase {expected[first]}"
            )
    return Proof(total, digest(form, [(s.domain, s.thresholds, s.values) for s in staircases]))


def digest(form: DataclassInstance, subject: object) -> str:
    """A hash of the constants of a form (all fields but its proof) and of what it was compared with."""
    constants = [(f.name, getattr(form, f.name)) for f in fields(form) if f.name != "proof"]
    return hashlib.sha256(repr((type(form).__name__, constants, subject)).encode()).hexdigest()[:16]
