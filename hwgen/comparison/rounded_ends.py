# SPDX-License-Identifier: Apache-2.0
"""Codes on both sides of a real value that is known within a bound."""

from __future__ import annotations

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding, round_floats

Interval = tuple[np.ndarray, np.ndarray]


def rounded_ends(
    exact: np.ndarray, bound: np.ndarray, zero_point: int, out: IntRange, rounding: Rounding = "half_even"
) -> Interval:
    """(lowest, highest) code that a value within `bound` of `exact`, both in steps of the grid, may be rounded to."""
    low, high = (
        np.clip(round_floats(v, rounding) + zero_point, out.lo, out.hi).astype(np.int64)
        for v in (exact - bound, exact + bound)
    )
    return low, high
