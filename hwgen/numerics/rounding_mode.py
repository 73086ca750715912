# SPDX-License-Identifier: Apache-2.0
"""The ways to round to an integer, each defined by where the result reaches an integer.

``half_even`` is what ONNX means by rounding. The others are those of QONNX: ``half_up`` and ``half_down`` send ties away
from zero and towards it, ``up`` and ``down`` send everything there, ``floor`` and ``ceil`` to the next lower or higher
integer. ``down`` is also the truncating division of integers.
"""

from __future__ import annotations

from fractions import Fraction
from math import floor, lcm
from typing import Literal, get_args

import numpy as np

Rounding = Literal["half_even", "half_up", "half_down", "up", "down", "floor", "ceil"]
ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)

HALF = Fraction(1, 2)
BY_SIGN: dict[Rounding, tuple[Rounding, Rounding]] = {"up": ("floor", "ceil"), "down": ("ceil", "floor")}
"""Modes that are another one below zero, and yet another above."""


def reached(k: int, rounding: Rounding) -> tuple[int, bool]:
    """(twice the bound, inclusive): all values from the bound on round to k or more, the bound itself if inclusive."""
    match rounding:
        case "half_even":
            return 2 * k - 1, k % 2 == 0
        case "half_up":
            return 2 * k - 1, k > 0
        case "half_down":
            return 2 * k - 1, k <= 0
        case "floor":
            return 2 * k, True
        case "ceil":
            return 2 * k - 2, False
    return reached(k, BY_SIGN[rounding][k > 0])


def round_to_integer(value: Fraction | int, rounding: Rounding = "half_even") -> int:
    """The integer to which an exact number is rounded."""
    below = floor(value)
    bound, inclusive = reached(below + 1, rounding)
    twice = 2 * value
    return below + (twice > bound or (inclusive and twice == bound))


def round_floats(values: np.ndarray, rounding: Rounding = "half_even") -> np.ndarray:
    """The same for floats, in float arithmetic (as the QONNX executor writes it)."""
    match rounding:
        case "half_even":
            return np.rint(values)
        case "half_up":
            return np.sign(values) * np.floor(np.abs(values) + values.dtype.type(0.5))
        case "half_down":
            return np.sign(values) * np.ceil(np.abs(values) - values.dtype.type(0.5))
        case "up":
            return np.sign(values) * np.ceil(np.abs(values))
        case "down":
            return np.trunc(values)
        case "floor":
            return np.floor(values)
    return np.ceil(values)


def as_half_even(rounding: Rounding, denominator: int, negative: bool) -> Fraction:
    """What to add to multiples of ``1 / denominator``, so that rounding half to even then rounds them as `rounding`.

    negative: whether the multiples are below zero or above; zero itself may be either.
    """
    match rounding:
        case "half_even":
            return Fraction(0)
        case "half_up" | "half_down":
            ties_rise = (rounding == "half_up") != negative
            return Fraction(1 if ties_rise else -1, 2 * lcm(2, denominator))
        case "up" | "down":
            return as_half_even("floor" if (rounding == "up") == negative else "ceil", denominator, negative)
    inside = HALF - Fraction(1, 2 * denominator)
    return inside if rounding == "ceil" else -inside
