# SPDX-License-Identifier: Apache-2.0
"""Proofs that a hardware form of a requantizer equals its staircases, for every accumulator value.

A form is monotone by construction, so by the argument in `hwgen.numerics.staircase` equality at both ends of the
domain and on both sides of each transition is equality everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from hwgen.errors import InternalError
from hwgen.numerics.staircase import Staircase

if TYPE_CHECKING:
    from hwgen.numerics.forms import Form

AnyForm = TypeVar("AnyForm", bound="Form")


@dataclass(frozen=True)
class Proof:
    """What was compared: the number of points over all channels."""

    points: int


def prove(form: AnyForm, staircases: Sequence[Staircase]) -> AnyForm:
    """The form with its proof. Raises InternalError at the first accumulator value where it is wrong."""
    if tuple(s.domain for s in staircases) != form.domains:
        raise InternalError(f"{form.kind} and its staircases are not about the same accumulators")
    total = 0
    for channel, staircase in enumerate(staircases):
        points, expected = staircase.check_points
        found = form.evaluate(points, channel)
        total += len(points)
        if (wrong := np.flatnonzero(found != expected)).size:
            first = wrong[0]
            raise InternalError(
                f"{form.kind} of channel {channel} gives {found[first]} for accumulator {points[first]}, "
                f"the staircase {expected[first]}"
            )
    return replace(form, proof=Proof(total))
