# SPDX-License-Identifier: Apache-2.0
"""LayerNorm and RMSNorm of integer codes over one axis: exact sums, one reciprocal square root a row, one rounding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeVar

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.kernels.layer_norm.error import Precision, Reach, choose_precision
from hwgen.numerics.range import IntRange

MOST_ERROR = Fraction(1, 100)
"""LSB by which the value before rounding may lie off the real one, unless asked otherwise."""
INT64_BITS = 63
T = TypeVar("T")


@dataclass(frozen=True)
class RealNorm:
    """A normalization of real numbers that codes stand for.

    scale, zero_point: grid of the codes. epsilon > 0: added to the variance, or to the mean square where not `centered`.
    gains, biases: in LSB of the result, one for all elements of a row or one for each.
    """

    axis: int
    centered: bool
    scale: Fraction
    zero_point: int
    epsilon: Fraction
    gains: Sequence[Fraction]
    biases: Sequence[Fraction]

    def added(self, row: int) -> Fraction:
        """Epsilon on the scale of D without its epsilon_bits."""
        return self.epsilon * row * (row if self.centered else 1) / self.scale**2

    def quotient_gains(self, row: int) -> Sequence[Fraction]:
        """What ``numerator / sqrt(D)`` is multiplied by, to 2**-128 of it: without mean it lacks a factor sqrt(row)."""
        root = Fraction(1) if self.centered else Fraction(isqrt(row << 256), 1 << 128)
        return [g * root for g in self.gains]


@dataclass(frozen=True)
class LayerNorm(Op):
    """``y = clip(rne((floor(t * gain / 2**cut_bits) + bias) / 2**bias_bits) + zero_point)`` of rows of n codes.

    With u = code - offset, S1 = sum of u and S2 = sum of u * u over the row, all of them exact:
    ``numerator = n * u - S1`` and ``D = (n * S2 - S1**2) * 2**epsilon_bits + epsilon``; without `centered` (RMSNorm)
    ``numerator = u`` and ``D = S2 * 2**epsilon_bits + epsilon``.
    With L the bits of D rounded up to an even number and M = root_bits + 2 the reciprocal root is
    ``root = min(2**root_bits - 1, floor(sqrt(2**(2 * root_bits + M - 2) / floor(D * 2**(M - L)))))``, and
    ``t = floor(numerator * root * 2**(fraction_bits + epsilon_bits / 2 + 1 - root_bits - L / 2))``.

    cut_bits = fraction_bits + gain_bits - bias_bits. gains, biases: one for all elements of a row, or one for each.
    epsilon_bits is even.
    """

    axis: int
    centered: bool
    offset: int
    epsilon: int
    epsilon_bits: int
    root_bits: int
    fraction_bits: int
    gain_bits: int
    bias_bits: int
    gains: tuple[int, ...]
    biases: tuple[int, ...]
    zero_point: int
    out: IntRange

    @classmethod
    def of_reals(
        cls, x: TensorType, real: RealNorm, zero_point: int, out: IntRange, most_error: Fraction = MOST_ERROR
    ) -> LayerNorm:
        """The cheapest one for codes of type x whose value before rounding is at most `most_error` LSB off the real one."""
        row, centered = x.shape[real.axis], real.centered
        gains, biases, added = real.quotient_gains(row), real.biases, real.added(row)
        reach = Reach.of(row, centered, _pairs(gains, biases), (out.lo - zero_point, out.hi - zero_point))
        ends = x.range.lo - real.zero_point, x.range.hi - real.zero_point
        widest = (row - 1) * (ends[1] - ends[0]) if centered else max(map(abs, ends))
        bits = choose_precision(reach, widest.bit_length(), most_error)
        least = added + (max(1, row - 1) if centered else 1)  # of a row whose numerators are not all 0
        epsilon_bits = _bits_above(Fraction(1 << (bits.root + 1)) / least)
        epsilon_bits += epsilon_bits % 2
        middle = 0 if x.range.signed else 1 << (x.range.width - 1)  # the mean does not matter: no adder
        return cls(
            real.axis,
            centered,
            middle if centered else real.zero_point,
            round(added * (1 << epsilon_bits)),
            epsilon_bits,
            bits.root,
            bits.fraction,
            bits.gain,
            bits.bias,
            tuple(round(g * (1 << bits.gain)) for g in _one(gains)),
            tuple(round(b * (1 << bits.bias)) for b in _one(biases)),
            zero_point,
            out,
        )

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        row = x.shape[self.axis]
        if not {len(self.gains), len(self.biases)} <= {1, row}:
            raise ValueError(f"{len(self.gains)} gains and {len(self.biases)} biases for rows of {row}")
        reach = self.totals(row)
        half, shift = 1 << self.bias_bits >> 1, self.bias_bits
        ends = ((reach.lo + half >> shift) - 1, (reach.hi + half >> shift) + 1)
        return TensorType(x.shape, IntRange(*(self.out.clamp(e + self.zero_point) for e in ends)))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        u = np.moveaxis(values[0].astype(np.int64) - self.offset, 1 + self.axis, -1)
        row = u.shape[-1]
        total = u.sum(axis=-1, keepdims=True) if self.centered else np.zeros((*u.shape[:-1], 1), np.int64)
        squares = (u * u).sum(axis=-1, keepdims=True)
        numerator = row * u - total if self.centered else u
        sums = zip(squares.ravel().tolist(), total.ravel().tolist(), strict=True)  # Python's integers: of any size
        spreads = [row * q - s * s if self.centered else q for q, s in sums]
        roots = [self.root((v << self.epsilon_bits) + self.epsilon) for v in spreads]
        root, shift = (np.array(part, object).reshape(squares.shape) for part in zip(*roots, strict=True))
        t = self._shifted(numerator, root, shift)
        gain, bias = (np.array(part, object) for part in (self.gains, self.biases))
        wide = self.t_range(row).width + IntRange.of_array(gain).width > INT64_BITS
        t, gain = (part.astype(object if wide else np.int64) for part in (t, gain))
        total = (t * gain >> self.cut_bits).astype(np.int64) + bias.astype(np.int64)
        codes = self._rounded(total) + self.zero_point
        return np.moveaxis(np.clip(codes, self.out.lo, self.out.hi), -1, 1 + self.axis)

    @property
    def mantissa_bits(self) -> int:
        """M: bits of D that the root looks at."""
        return self.root_bits + 2

    @property
    def cut_bits(self) -> int:
        """Bits of ``t * gain`` below those of the biases."""
        return self.fraction_bits + self.gain_bits - self.bias_bits

    @property
    def padding(self) -> int:
        """Zeros behind ``numerator * root`` with which its shift always goes to the right."""
        return max(0, self.fraction_bits + self.epsilon_bits // 2 - self.root_bits)

    def shift_of(self, length: int) -> int:
        """Places that ``numerator * root * 2**padding`` is shifted right for a D of `length` bits (even)."""
        return self.root_bits + length // 2 - 1 - self.epsilon_bits // 2 - self.fraction_bits + self.padding

    def root(self, radicand: int) -> tuple[int, int]:
        """(root, shift) of a D. Of D = 0, where all numerators are 0, the root is the largest."""
        length = max(2, radicand.bit_length() + radicand.bit_length() % 2)
        mantissa = (radicand << self.mantissa_bits) >> length
        root = (1 << self.root_bits) - 1
        if mantissa:
            root = min(root, isqrt((1 << (2 * self.root_bits + self.mantissa_bits - 2)) // mantissa))
        return root, self.shift_of(length)

    def t_range(self, row: int) -> IntRange:
        """Range of t: a numerator is at most sqrt(row - 1) times (without mean: 1 times) the root of its D, which may
        be cut by one part in 2**(M - 2)."""
        square = max(1, row - 1) if self.centered else 1
        most = isqrt(square * (4**self.fraction_bits + (4**self.fraction_bits >> (self.mantissa_bits - 2)) + 1))
        return IntRange(-most - 1, most)

    def totals(self, row: int) -> IntRange:
        """Range of the sums in front of the last rounding."""
        t = self.t_range(row)
        products = [p * g >> self.cut_bits for g in (min(self.gains), max(self.gains)) for p in (t.lo, t.hi)]
        return IntRange(min(products) + min(self.biases), max(products) + max(self.biases))

    def error(self, row: int) -> Fraction:
        """LSB by which the value before rounding may lie off the real one, where that is not clipped."""
        unit, gain_unit = 1 << self.bias_bits, 1 << self.gain_bits
        pairs = {
            (Fraction(2 * abs(g) + 1, 2 * gain_unit), Fraction(b, unit)) for g, b in _pairs(self.gains, self.biases)
        }
        reach = Reach.of(row, self.centered, pairs, (self.out.lo - self.zero_point, self.out.hi - self.zero_point))
        return reach.error(Precision(self.root_bits, self.fraction_bits, self.gain_bits, self.bias_bits))

    def _shifted(self, numerator: np.ndarray, root: np.ndarray, shift: np.ndarray) -> np.ndarray:
        reach = int(np.abs(numerator).max(initial=0)).bit_length() + self.root_bits + self.padding
        kind = np.int64 if reach < INT64_BITS and int(shift.max()) < INT64_BITS else object
        product = numerator.astype(kind) * (root << self.padding).astype(kind)
        return product >> shift.astype(kind)

    def _rounded(self, total: np.ndarray) -> np.ndarray:
        """``total / 2**bias_bits``, half to even."""
        shift = self.bias_bits
        return (total + ((1 << (shift - 1)) - 1) + ((total >> shift) & 1)) >> shift


def _pairs(gains: Sequence[T], biases: Sequence[T]) -> set[tuple[T, T]]:
    count = max(len(gains), len(biases))
    return {(gains[k % len(gains)], biases[k % len(biases)]) for k in range(count)}


def _one(values: Sequence[Fraction]) -> Sequence[Fraction]:
    """Values for each element, or the one that all of them have."""
    return values[:1] if len(set(values)) == 1 else values


def _bits_above(value: Fraction) -> int:
    """The least b >= 0 with ``2**b >= value``."""
    return (-(-value.numerator // value.denominator) - 1).bit_length()
