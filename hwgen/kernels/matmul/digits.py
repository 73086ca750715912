# SPDX-License-Identifier: Apache-2.0
"""Products without a multiplier: the digits of a weight pick multiples of the input, which are made once for all lanes.

A weight is cut into digits of two bits, the last of one where the bits are odd. A digit picks 0, 1, 2 or 3 times the
input; the highest of a signed weight picks 0, 1, -2 or -1 times it. Weights of no more than two values, all of them
multiples that a digit can pick, are one digit of one bit: binary weights take a bit of memory each, and no 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from hwgen import costs
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources

PICK_LUTS = 1.65
"""LUTs of four inputs for a bit of one multiple out of four; a LUT of six inputs does it alone. Measured."""


@dataclass(frozen=True)
class Digit:
    """Bits ``position`` and up of a stored weight pick ``multiples[bits] * x << shift``; two or four multiples."""

    position: int
    multiples: tuple[int, ...]
    shift: int

    @property
    def bits(self) -> int:
        return len(self.multiples) // 2

    def range(self, x: IntRange) -> IntRange:
        """Of what it picks, before the shift."""
        hull = multiple_range(self.multiples[0], x)
        for multiple in self.multiples[1:]:
            hull = hull.union(multiple_range(multiple, x))
        return hull


def multiple_range(multiple: int, x: IntRange) -> IntRange:
    """The range of ``multiple * x``."""
    return IntRange(min(multiple * x.lo, multiple * x.hi), max(multiple * x.lo, multiple * x.hi))


def digits_of(weights: np.ndarray) -> tuple[Digit, ...]:
    """The digits that all of `weights` can be written in, the lowest first."""
    values = np.unique(weights).tolist()
    if len(values) <= 2 and -2 <= values[0] and values[-1] <= 3:
        return (Digit(0, (values[-1], values[0]), 0),)
    known = IntRange(values[0], values[-1])
    digits = []
    for position in range(0, known.width, 2):
        two, top = position + 1 < known.width, position + 2 >= known.width
        if top and known.signed:
            multiples: tuple[int, ...] = (0, 1, -2, -1) if two else (0, -1)
        else:
            multiples = (0, 1, 2, 3) if two else (0, 1)
        digits.append(Digit(position, multiples, position))
    return tuple(digits)


def code_bits(digits: tuple[Digit, ...]) -> int:
    """Bits of a stored weight."""
    return sum(digit.bits for digit in digits)


def codes_of(weights: np.ndarray, digits: tuple[Digit, ...]) -> np.ndarray:
    """The stored form of `weights`: non-negative integers of `code_bits` bits."""
    if len(digits) == 1 and digits[0].multiples[0]:
        return (weights != digits[0].multiples[0]).astype(np.int64)
    return weights.astype(np.int64) & ((1 << code_bits(digits)) - 1)


def multiples_of(digits: tuple[Digit, ...]) -> tuple[int, ...]:
    """All multiples that some digit picks."""
    return tuple(sorted({multiple for digit in digits for multiple in digit.multiples}))


def fabric_products(
    family: Family, digits: tuple[Digit, ...], x: IntRange, out: IntRange, group_lanes: int, pe: int, simd: int
) -> Resources:
    """The multiples of each input, and per output lane the choices, one adder tree a digit, and their joint sum."""
    each_input = Resources()
    for multiple in multiples_of(digits):
        bits = multiple_range(multiple, x).width
        each_input += costs.registers(bits if multiple in (1, 3, -1) else 0)
        each_input += costs.adder(family, bits) if multiple in (3, -1) else Resources()
    lane = costs.adder_tree(family, len(digits), out.width, out.width)
    for digit in digits:
        bits = digit.range(x).width
        luts = ceil(bits * PICK_LUTS if digit.bits == 2 and family.lut_inputs < 6 else bits)
        lane += costs.times(simd, Resources(luts=luts, ffs=bits)) + costs.adder_tree(family, simd, bits, out.width)
    return costs.times(group_lanes * simd, each_input) + costs.times(group_lanes * pe, lane)
