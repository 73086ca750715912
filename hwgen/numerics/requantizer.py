# SPDX-License-Identifier: Apache-2.0
"""What "requantize" means: from an integer accumulator to the integer code of a coarser scale.

There are different functions of the accumulator under that name. A `Dialect` picks one:

``real``  ``clip(rne(acc * ratio + offset) + zp)`` over the rational numbers; offset is in output steps and may be any
          fraction. The ideal value of a QDQ graph. Only here may `rounding` be another than half to even.
``ort``   ``clip(rne(fl32(fl32(acc + offset) * ratio)) + zp)``. What ONNX Runtime computes for QLinearMatMul and
          QLinearConv.
``ort_product``  ``clip(rne(fl32(fl32(acc * ratio) + zp)))``: what ONNX Runtime computes for QLinearMul, from the exact
          product of two codes. No offset.
``ref``   ``clip(rne(fl64(fl64(acc + offset) * ratio) + zp))``: the zero point is added before rounding, which turns
          exact ties the other way when it is odd. The reference evaluator of ONNX.

Except in ``real`` the ratio is the float32 number ``fl32(fl32(sx * sw) / sy)`` (see `requantize_ratio`), and the
int32 bias is added to the accumulator before scaling: offset is an integer in units of the accumulator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import lcm
from typing import Literal, get_args

import numpy as np

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding import AffineRounding, fraction_of_float32
from hwgen.numerics.rounding_mode import Rounding, as_half_even, reached, round_to_integer
from hwgen.numerics.staircase import MAX_TRANSITIONS, Staircase

Dialect = Literal["real", "ort", "ort_product", "ref"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)


def requantize_ratio(scale_x: Fraction, scale_w: Fraction, scale_y: Fraction, dialect: Dialect) -> Fraction:
    """``scale_x * scale_w / scale_y``: exact in ``real``, rounded to float32 twice in the others."""
    if dialect == "real":
        return Fraction(scale_x) * Fraction(scale_w) / Fraction(scale_y)
    x, w, y = (np.float32(float(scale)) for scale in (scale_x, scale_w, scale_y))
    return fraction_of_float32(np.float32(x * w) / y)


@dataclass(frozen=True)
class Requantizer:
    """A requantization per channel: ratio and offset have one entry for each channel, or a single one for all.

    `out` is the range of the output codes. See the module for the meaning of ratio and offset in each dialect.
    """

    ratio: tuple[Fraction, ...]
    offset: tuple[Fraction, ...]
    zero_point: int
    dialect: Dialect
    out: IntRange
    rounding: Rounding = "half_even"

    def __post_init__(self) -> None:
        object.__setattr__(self, "ratio", tuple(Fraction(r) for r in self.ratio))
        object.__setattr__(self, "offset", tuple(Fraction(o) for o in self.offset))
        if not self.ratio or not self.offset or not {len(self.ratio), len(self.offset)} <= {1, self.channels}:
            raise ValueError(f"{len(self.ratio)} ratios and {len(self.offset)} offsets do not fit together")
        if self.dialect not in DIALECTS:
            raise ValueError(f"dialect must be one of {DIALECTS}, not {self.dialect!r}")
        if self.dialect != "real":
            if self.rounding != "half_even":
                raise ValueError(f"dialect {self.dialect!r} rounds half to even, not {self.rounding!r}")
            self._check_float_dialect()

    def _check_float_dialect(self) -> None:
        for ratio in self.ratio:
            if fraction_of_float32(np.float32(float(ratio))) != ratio:
                raise ValueError(f"dialect {self.dialect!r} needs a float32 ratio, not {ratio}")
        for offset in self.offset:
            if offset.denominator != 1:
                raise ValueError(f"dialect {self.dialect!r} adds an integer to the accumulator, not {offset}")

    @property
    def channels(self) -> int:
        return max(len(self.ratio), len(self.offset))

    @cached_property
    def _affine(self) -> tuple[AffineRounding, AffineRounding]:
        """In terms of rounding half to even, for values below zero and above."""
        pairs = [self.channel(k) for k in range(self.channels)]
        scales = [lcm(r.denominator, o.denominator) for r, o in pairs]
        below, above = (
            tuple(o + as_half_even(self.rounding, d, negative) for (_, o), d in zip(pairs, scales, strict=True))
            for negative in (True, False)
        )
        return AffineRounding.of(self.ratio, below), AffineRounding.of(self.ratio, above)

    def channel(self, index: int) -> tuple[Fraction, Fraction]:
        """(ratio, offset) of one channel."""
        return self.ratio[index % len(self.ratio)], self.offset[index % len(self.offset)]

    def evaluate(self, acc: np.ndarray, axis: int | None = None, dtype: np.dtype | type = np.int64) -> np.ndarray:
        """The output codes of integer accumulators; `axis` is the channel axis if there are several."""
        zp, out = self.zero_point, self.out
        if self.dialect == "real":
            return self._evaluate_real(acc, axis, IntRange(out.lo - zp, out.hi - zp), dtype)
        shape = [1] * np.ndim(acc)
        if axis is not None:
            shape[axis] = -1
        elif self.channels > 1:
            raise ValueError("several channels need an axis")
        ratio = np.array([float(r) for r in self.ratio]).reshape(shape)
        summed = np.asarray(acc, np.int64) + np.array([int(o) for o in self.offset], np.int64).reshape(shape)
        return evaluate_float_dialect(summed, ratio, zp, self.dialect, out).astype(dtype)

    def _evaluate_real(self, acc: np.ndarray, axis: int | None, before: IntRange, dtype: np.dtype | type) -> np.ndarray:
        below, above = self._affine
        if below.add == above.add:
            return above.round(acc, axis, before, self.zero_point, dtype)
        falling = below.round(acc, axis, IntRange(min(before.lo, 0), 0))
        rising = above.round(acc, axis, IntRange(0, max(before.hi, 0)))
        return (np.clip(falling + rising, before.lo, before.hi) + self.zero_point).astype(dtype)

    def staircase(self, domain: IntRange, channel: int = 0) -> Staircase:
        """The exact staircase of one channel over the accumulators of `domain`."""
        ratio, offset = self.channel(channel)
        single = Requantizer((ratio,), (offset,), self.zero_point, self.dialect, self.out, self.rounding)
        if ratio == 0 or domain.size == 1:
            return Staircase.constant(domain, int(single.evaluate(np.array([domain.lo]))[0]))
        if self.dialect != "real":
            near = _real_staircase(domain, ratio, offset * ratio, self.zero_point, self.out, "half_even")
            slack = 1 + (max(abs(domain.lo), abs(domain.hi)) >> 21)  # float32 moves a threshold by about that much
            hints = [t + side for t in near.thresholds for side in (-1 - slack, -1, 0, slack)]
            return Staircase.of_array_function(single.evaluate, domain, hints)
        return _real_staircase(domain, ratio, offset, self.zero_point, self.out, self.rounding)

    def staircases(self, domains: Sequence[IntRange]) -> list[Staircase]:
        """One staircase for each channel, from the accumulator range of each channel."""
        return [self.staircase(domain, channel) for channel, domain in enumerate(domains)]


def evaluate_float_dialect(
    acc: np.ndarray, ratio: np.ndarray, zero_point: int, dialect: Dialect, out: IntRange
) -> np.ndarray:
    """The float arithmetic of a dialect other than ``real``, operation by operation. ratio: float64 that hold float32 values."""
    with np.errstate(over="ignore"):
        if dialect == "ort":
            product = acc.astype(np.float32) * ratio.astype(np.float32)
            codes = np.rint(product).astype(np.float64) + zero_point
        elif dialect == "ort_product":
            codes = np.rint(acc.astype(np.float32) * ratio.astype(np.float32) + np.float32(zero_point))
        else:
            codes = np.rint(acc.astype(np.float64) * ratio + zero_point)
    return np.clip(codes, out.lo, out.hi).astype(np.int64)


def _real_staircase(
    domain: IntRange, ratio: Fraction, offset: Fraction, zero_point: int, out: IntRange, rounding: Rounding
) -> Staircase:
    if ratio > 0:
        return _rising(domain, ratio, offset, zero_point, out, rounding)
    mirror = IntRange(-domain.hi, -domain.lo)
    return _rising(mirror, -ratio, offset, zero_point, out, rounding).mirrored()


def _rising(
    domain: IntRange, ratio: Fraction, offset: Fraction, zero_point: int, out: IntRange, rounding: Rounding
) -> Staircase:
    """The ``real`` staircase for a positive ratio, each threshold in closed form.

    Code y is reached at the first acc whose ``acc * ratio + offset`` rounds to k = y - zp or more. Half to even: at
    equality with k - 1/2 it gives k only if k is even, so the bound belongs to the step above for even k only.
    """
    ends = (round_to_integer(end * ratio + offset, rounding) for end in (domain.lo, domain.hi))
    low, high = (out.clamp(end + zero_point) for end in ends)
    if high - low > MAX_TRANSITIONS:
        raise ValueError(f"more than {MAX_TRANSITIONS} transitions in {domain}")
    den = 2 * ratio.numerator * offset.denominator  # (twice / 2 - offset) / ratio = (twice * slope + base) / den
    slope = offset.denominator * ratio.denominator
    base = -2 * offset.numerator * ratio.denominator
    thresholds: list[int] = []
    values = [low]
    for value in range(low + 1, high + 1):
        twice, inclusive = reached(value - zero_point, rounding)
        bound = twice * slope + base
        first = -(-bound // den) if inclusive else bound // den + 1
        if thresholds and thresholds[-1] == first:  # ratio > 1: this step skips codes
            values[-1] = value
        else:
            thresholds.append(first)
            values.append(value)
    return Staircase.of_steps(domain, thresholds, values)
