# SPDX-License-Identifier: Apache-2.0
"""Exact rounding of affine functions of integers, fast on arrays.

`affine_round` evaluates in float64 and knows how far that can be off. Only the elements that lie that close to a tie
are computed again in integers, so the result is exact for every input and nearly as fast as the float expression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwgen.numerics.range import IntRange

INT64 = IntRange.of_bits(64, signed=True)
BLOCK = 1 << 15  # elements


def round_half_even(value: Fraction) -> int:
    """The nearest integer, ties to the even one."""
    return round(Fraction(value))


def fraction_of_float32(value: float | np.float32) -> Fraction:
    """The exact value of a float32. Raises ValueError for NaN, infinity, or a number that float32 cannot hold."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    if not np.isfinite(single):
        raise ValueError(f"{value} is not a finite float32")
    if isinstance(value, (int, float)) and float(single) != value:
        raise ValueError(f"{value!r} is not a float32; the nearest is {float(single)!r}")
    return Fraction(float(single))


def affine_round(
    acc: np.ndarray,
    ratio: Fraction | Sequence[Fraction],
    offset: Fraction | Sequence[Fraction],
    axis: int | None = None,
    out: IntRange = INT64,
) -> np.ndarray:
    """``clip(round_half_even(acc * ratio + offset), out)``, exact for every element.

    acc: integers of any shape. ratio, offset: one fraction for all elements, or one for each index of `axis`.
    Returns int64 of the shape of acc. `out` must fit int64.
    """
    acc = np.asarray(acc)
    if acc.dtype != object and not np.issubdtype(acc.dtype, np.integer):
        raise TypeError(f"affine_round needs integers, not {acc.dtype}")
    if out not in INT64:
        raise ValueError(f"affine_round returns int64, which cannot hold {out}")
    if acc.size == 0:
        return np.zeros(acc.shape, np.int64)
    channels = _Channels.of(ratio, offset)
    if channels.count > 1 and axis is None:
        raise ValueError("fractions per channel need an axis")
    if channels.count > 1 and channels.count != acc.shape[axis or 0]:
        raise ValueError(f"{channels.count} fractions for an axis of {acc.shape[axis or 0]} elements")
    before = math.prod(acc.shape[: (axis or 0) % acc.ndim]) if channels.count > 1 else 1
    return _in_blocks(acc.reshape(before, channels.count, -1), channels, out).reshape(acc.shape)


def _in_blocks(acc: np.ndarray, channels: _Channels, out: IntRange) -> np.ndarray:
    """affine_round for shape (any, channels, any), in blocks whose temporaries stay in the cache."""
    reach = max(abs(int(acc.min())), abs(int(acc.max())))
    in_float64 = channels.magnitude(reach) < 1 << 900
    constants = channels.in_float64(reach) if in_float64 else None
    rows = max(1, BLOCK // (acc.shape[1] * acc.shape[2]))
    columns = max(1, BLOCK // acc.shape[1])
    result = np.empty(acc.shape, np.int64)
    for i in range(0, acc.shape[0], rows):
        for j in range(0, acc.shape[2], columns):
            here = np.s_[i : i + rows, :, j : j + columns]
            if constants is None:
                result[here] = _exact_everywhere(acc[here], channels, out)
            else:
                result[here] = _float_then_exact(acc[here], channels, constants, out)
    return result


@dataclass(frozen=True)
class _Channels:
    """Per channel the integers of ``acc * ratio + offset = (acc * num + add) / den``, with den > 0."""

    num: tuple[int, ...]
    add: tuple[int, ...]
    den: tuple[int, ...]

    @classmethod
    def of(cls, ratio: Fraction | Sequence[Fraction], offset: Fraction | Sequence[Fraction]) -> _Channels:
        ratios = tuple(ratio) if isinstance(ratio, Sequence) else (ratio,)
        offsets = tuple(offset) if isinstance(offset, Sequence) else (offset,)
        count = max(len(ratios), len(offsets))
        if not {len(ratios), len(offsets)} <= {1, count}:
            raise ValueError(f"{len(ratios)} ratios but {len(offsets)} offsets")
        num, add, den = [], [], []
        for r, o in zip(ratios * (count // len(ratios)), offsets * (count // len(offsets)), strict=True):
            r, o = Fraction(r), Fraction(o)
            common = math.lcm(r.denominator, o.denominator)
            num.append(r.numerator * (common // r.denominator))
            add.append(o.numerator * (common // o.denominator))
            den.append(common)
        return cls(tuple(num), tuple(add), tuple(den))

    @property
    def count(self) -> int:
        return len(self.den)

    def magnitude(self, reach: int) -> int:
        """A bound of ``abs(acc) * abs(ratio) + abs(offset)`` over all channels, for ``abs(acc) <= reach``."""
        return max((reach * abs(n) + abs(a)) // d + 1 for n, a, d in zip(self.num, self.add, self.den, strict=True))

    def in_float64(self, reach: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(ratio, offset, error), each of shape (channels, 1).

        error bounds that of ``float(acc) * ratio + offset`` for ``abs(acc) <= reach``: five roundings (acc, ratio,
        product, offset, sum) of at most 2**-53 each, relative to abs(acc * ratio) + abs(offset); 2**-50 leaves room
        for their products and for the conversion of this bound itself. It is -1 (never doubtful) where every
        intermediate value is an integer below 2**53 over a power of two, hence exact.
        """
        error = []
        for num, add, den in zip(self.num, self.add, self.den, strict=True):
            top = reach * abs(num) + abs(add)
            dyadic = den & (den - 1) == 0 and den < 1 << 900
            error.append(-1.0 if dyadic and max(top, reach) < 1 << 53 else top / den * 2.0**-50 + 2.0**-900)
        ratio = [n / d for n, d in zip(self.num, self.den, strict=True)]
        offset = [a / d for a, d in zip(self.add, self.den, strict=True)]
        return tuple(np.array(part)[:, np.newaxis] for part in (ratio, offset, error))  # type: ignore[return-value]


def _float_then_exact(
    acc: np.ndarray, channels: _Channels, constants: tuple[np.ndarray, np.ndarray, np.ndarray], out: IntRange
) -> np.ndarray:
    ratio, offset, error = constants
    value = acc.astype(np.float64)
    value *= ratio
    value += offset
    nearest = np.rint(value)
    distance = np.subtract(value, nearest)
    np.abs(distance, out=distance)
    doubtful = distance >= 0.5 - error
    if doubtful.any():  # beyond the range by more than the error: clipped whatever the exact value is
        doubtful &= (value < out.hi + 1 + error) & (value > out.lo - 1 - error)
    result = _clip_to_int64(nearest, out)
    if doubtful.any():
        where = np.nonzero(doubtful)
        result[where] = _exact(acc[where], where[1], channels, out)
    return result


def _clip_to_int64(value: np.ndarray, out: IntRange) -> np.ndarray:
    """Clip integral float64 and convert. The ends of `out` need not be float64 (2**63 - 1 is not)."""
    if max(abs(out.lo), abs(out.hi)) <= 1 << 53:
        return np.clip(value, out.lo, out.hi, out=value).astype(np.int64)
    low, high = value < float(out.lo), value >= float(out.hi)
    result = np.where(low | high, 0.0, value).astype(np.int64)
    result[low] = out.lo
    result[high] = out.hi
    return result


def _exact(acc: np.ndarray, channel: np.ndarray, channels: _Channels, out: IntRange) -> np.ndarray:
    """The exact result of selected elements (1-D), in int64 where that cannot overflow, else in Python integers."""
    reach = max(1, abs(int(acc.min())), abs(int(acc.max())))
    top = max(
        2 * (reach * abs(n) + abs(a)) + d for n, a, d in zip(channels.num, channels.add, channels.den, strict=True)
    )
    dtype = np.int64 if max(top, 2 * max(channels.den)) < 1 << 62 else object
    num, add, den = (np.array(part, dtype)[channel] for part in (channels.num, channels.add, channels.den))
    twice = 2 * (acc.astype(dtype) * num + add) + den
    rounded = twice // (2 * den)
    rounded = rounded - ((twice % (2 * den) == 0) & (rounded % 2 == 1)).astype(dtype)
    return np.asarray(np.clip(rounded, out.lo, out.hi), np.int64)


def _exact_everywhere(acc: np.ndarray, channels: _Channels, out: IntRange) -> np.ndarray:
    channel = np.broadcast_to(np.arange(channels.count)[:, np.newaxis], acc.shape)
    return _exact(acc.ravel(), channel.ravel(), channels, out).reshape(acc.shape)
