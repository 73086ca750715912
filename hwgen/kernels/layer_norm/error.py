# SPDX-License-Identifier: Apache-2.0
"""How far a LayerNorm may lie off the real value, from the bits that its root, its quotient and its gains have."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from math import isqrt

MULTIPLIER = 17
"""Bits of a signed factor, less its sign, that one multiplier block takes."""


@dataclass(frozen=True)
class Precision:
    """Bits of the reciprocal root, and fraction bits of the quotient, of the gains, and of the biases."""

    root: int
    fraction: int
    gain: int
    bias: int


@dataclass(frozen=True)
class Reach:
    """What an error is multiplied by, in LSB of the result where that is not clipped.

    value: largest distance of the result from its bias. gain: largest gain. quotient: largest numerator / root.
    any_quotient: the same where the result is clipped as well.
    """

    value: Fraction
    gain: Fraction
    quotient: Fraction
    any_quotient: Fraction

    @classmethod
    def of(cls, row: int, centered: bool, pairs: Iterable[tuple[Fraction, Fraction]], limits: tuple[int, int]) -> Reach:
        """pairs: (gain, bias) in LSB; limits: lowest and highest result, the zero point taken off.

        No quotient is larger than sqrt(row - 1), without mean than 1. A channel whose quotient is larger than its way
        to the limits by its gain is clipped.
        """
        most = Fraction(isqrt(max(1, row - 1) << 16) + 1, 1 << 8) if centered else Fraction(1)
        value = gain = quotient = Fraction(0)
        half = Fraction(1, 2)
        for g, b in pairs:
            if g == 0:
                continue
            way = min(max(abs(limits[1] + half - b), abs(limits[0] - half - b)), abs(g) * most)
            value, gain, quotient = max(value, way), max(gain, abs(g)), max(quotient, way / abs(g))
        return cls(value, gain, quotient, most)

    def error(self, bits: Precision) -> Fraction:
        """The root is off by at most 9 / 2**(root + 2) of itself: a last place that is cut (2**(1 - root)), and what
        epsilon is rounded by (2**-(root + 2)); the mantissa that is cut pulls the other way, by less. The quotient is cut
        below `fraction`, its product with the gain below `bias`; gain and bias are rounded."""
        root = self.value * Fraction(9, 1 << (bits.root + 2))
        cut = (self.gain + Fraction(1, 2 << bits.gain)) / (1 << bits.fraction) + Fraction(1, 1 << bits.bias)
        rounded = self.quotient / (2 << bits.gain) + Fraction(1, 2 << bits.bias)
        return root + cut + rounded


def choose_precision(reach: Reach, numerator_bits: int, most_error: Fraction) -> Precision:
    """Bits with which the error is at most `most_error`: those of the fewest multiplier blocks, then the fewest.

    The bias takes up to an eighth of the error. The least root and quotient leave hardly anything to the gain, so some
    more of both are looked at.
    """
    bias = least_bits(lambda b: Fraction(3, 2 << b) <= most_error / 8)
    left = most_error - Fraction(3, 2 << bias)
    found = []
    least_root = least_bits(lambda b: reach.value * Fraction(9, 4 << b) < left)
    for root in range(least_root, least_root + 8):
        rest = left - reach.value * Fraction(9, 4 << root)
        least_fraction = least_bits(lambda b, rest=rest: reach.gain / (1 << b) < rest)
        for fraction in range(least_fraction, least_fraction + 12):
            rest_of_gain = rest - reach.gain / (1 << fraction)
            each = (reach.quotient + Fraction(1, 1 << fraction)) / 2
            gain = least_bits(lambda b, each=each, rest=rest_of_gain: each / (1 << b) <= rest)
            found.append(Precision(root, fraction, gain, min(bias, fraction + gain)))
    return min(found, key=lambda p: (_blocks(reach, p, numerator_bits), p.root + p.fraction + p.gain))


def least_bits(holds: Callable[[int], bool]) -> int:
    """The least number of bits, at least 4, for which `holds`."""
    return next(b for b in count(4) if holds(b))


def _blocks(reach: Reach, p: Precision, numerator_bits: int) -> int:
    quotient = int(reach.any_quotient * (1 << p.fraction)).bit_length()
    gain = int(reach.gain * (1 << p.gain)).bit_length()
    return _pieces(numerator_bits) * _pieces(p.root) + _pieces(quotient) * _pieces(gain)


def _pieces(bits: int) -> int:
    return max(1, -(-bits // MULTIPLIER))
