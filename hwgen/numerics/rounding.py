# SPDX-License-Identifier: Apache-2.0
"""Exact rounding of affine functions of integers, fast on arrays.

`affine_round` evaluates in float64 and knows how far that can be off. Only the elements that lie that close to a tie
are computed again in integers, so the result is exact for every input and nearly as fast as the float expression.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from hwgen.numerics.range import IntRange

INT64 = IntRange.of_bits(64, signed=True)
BLOCK = 1 << 15  # elements
Constants = tuple[np.ndarray, np.ndarray, np.ndarray] | None


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
    shift: int = 0,
    dtype: np.dtype | type = np.int64,
) -> np.ndarray:
    """``clip(round_half_even(acc * ratio + offset), out) + shift``, exact for every element.

    acc: integers of any shape. ratio, offset: one fraction for all elements, or one for each index of `axis`.
    Returns `dtype` of the shape of acc, which must hold every result; `out` must fit int64.
    """
    return AffineRounding.of(_tuple(ratio), _tuple(offset)).round(acc, axis, out, shift, dtype)


def _tuple(value: Fraction | Sequence[Fraction]) -> tuple[Fraction, ...]:
    return tuple(value) if isinstance(value, Sequence) else (value,)


def _in_blocks(acc: np.ndarray, channels: AffineRounding, out: IntRange, shift: int, result: np.ndarray) -> None:
    """affine_round for shape (any, channels, any), in blocks whose temporaries stay in the cache."""
    reach = 1 << max(abs(int(acc.min())), abs(int(acc.max()))).bit_length()  # a power of two: constants are kept
    constants = channels.constants(reach)
    rows = max(1, BLOCK // (acc.shape[1] * acc.shape[2]))
    columns = max(1, BLOCK // acc.shape[1])
    for i in range(0, acc.shape[0], rows):
        for j in range(0, acc.shape[2], columns):
            here = np.s_[i : i + rows, :, j : j + columns]
            if constants is None:
                result[here] = _exact_everywhere(acc[here], channels, out) + shift
            else:
                _float_then_exact(acc[here], channels, constants, out, shift, result[here])


@dataclass(frozen=True, eq=False)
class AffineRounding:
    """Exact rounding with prepared constants: per channel ``acc * ratio + offset = (acc * num + add) / den``, den > 0."""

    num: tuple[int, ...]
    add: tuple[int, ...]
    den: tuple[int, ...]
    _constants: dict[int, Constants] = field(default_factory=dict, repr=False)

    def round(
        self,
        acc: np.ndarray,
        axis: int | None,
        out: IntRange = INT64,
        shift: int = 0,
        dtype: np.dtype | type = np.int64,
    ) -> np.ndarray:
        """See `affine_round`."""
        acc = np.asarray(acc)
        if acc.dtype != object and not np.issubdtype(acc.dtype, np.integer):
            raise TypeError(f"affine_round needs integers, not {acc.dtype}")
        if out not in INT64:
            raise ValueError(f"affine_round returns int64, which cannot hold {out}")
        if self.count > 1 and axis is None:
            raise ValueError("fractions per channel need an axis")
        if self.count > 1 and self.count != acc.shape[axis or 0]:
            raise ValueError(f"{self.count} fractions for an axis of {acc.shape[axis or 0]} elements")
        result = np.empty(acc.shape, dtype)
        if acc.size:
            before = math.prod(acc.shape[: (axis or 0) % acc.ndim]) if self.count > 1 else 1
            shape = before, self.count, -1
            _in_blocks(acc.reshape(shape), self, out, shift, result.reshape(shape))
        return result

    @staticmethod
    def of(ratios: tuple[Fraction, ...], offsets: tuple[Fraction, ...]) -> AffineRounding:
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
        return AffineRounding(tuple(num), tuple(add), tuple(den))

    @property
    def count(self) -> int:
        return len(self.den)

    def magnitude(self, reach: int) -> int:
        """A bound of ``abs(acc) * abs(ratio) + abs(offset)`` over all channels, for ``abs(acc) <= reach``."""
        return max((reach * abs(n) + abs(a)) // d + 1 for n, a, d in zip(self.num, self.add, self.den, strict=True))

    def constants(self, reach: int) -> Constants:
        """`in_float64`, computed once."""
        if reach not in self._constants:
            self._constants[reach] = self.in_float64(reach)
        return self._constants[reach]

    def in_float64(self, reach: int) -> Constants:
        """(ratio, offset, error), each of shape (channels, 1).

        error bounds that of ``float(acc) * ratio + offset`` for ``abs(acc) <= reach``: five roundings (acc, ratio,
        product, offset, sum) of at most 2**-53 each, relative to abs(acc * ratio) + abs(offset); 2**-50 leaves room
        for their products and for the conversion of this bound itself. It is -1 (never doubtful) where every
        intermediate value is an integer below 2**53 over a power of two, hence exact. None where float64 overflows.
        """
        if self.magnitude(reach) >= 1 << 900:
            return None
        error = []
        for num, add, den in zip(self.num, self.add, self.den, strict=True):
            top = reach * abs(num) + abs(add)
            dyadic = den & (den - 1) == 0 and den < 1 << 900
            error.append(-1.0 if dyadic and max(top, reach) < 1 << 53 else top / den * 2.0**-50 + 2.0**-900)
        ratio = [n / d for n, d in zip(self.num, self.den, strict=True)]
        offset = [a / d for a, d in zip(self.add, self.den, strict=True)]
        return tuple(np.array(part)[:, np.newaxis] for part in (ratio, offset, error))  # type: ignore[return-value]


def _float_then_exact(
    acc: np.ndarray,
    channels: AffineRounding,
    constants: tuple[np.ndarray, np.ndarray, np.ndarray],
    out: IntRange,
    shift: int,
    result: np.ndarray,
) -> None:
    """affine_round of one block into `result`."""
    ratio, offset, error = constants
    value = acc.astype(np.float64)
    value *= ratio
    value += offset
    nearest = np.rint(value)
    distance = np.subtract(value, nearest)
    np.abs(distance, out=distance)
    where = _doubtful(value, distance, error, out) if distance.max() >= 0.5 - error.max() else None
    if max(abs(out.lo), abs(out.hi)) <= 1 << 52:
        np.clip(nearest, out.lo, out.hi, out=nearest)
        nearest += shift
        np.copyto(result, nearest, casting="unsafe")
    else:
        result[...] = _clip_to_int64(nearest, out) + shift
    if where is not None:
        result[where] = _exact(acc[where], where[1], channels, out) + shift


def _doubtful(
    value: np.ndarray, distance: np.ndarray, error: np.ndarray, out: IntRange
) -> tuple[np.ndarray, ...] | None:
    """Where float64 cannot tell on which side of a tie the exact value lies, and the result depends on it."""
    doubtful = distance >= 0.5 - error
    doubtful &= (value < out.hi + 1 + error) & (value > out.lo - 1 - error)
    return np.nonzero(doubtful) if doubtful.any() else None


def _clip_to_int64(value: np.ndarray, out: IntRange) -> np.ndarray:
    """Clip integral float64 and convert. The ends of `out` need not be float64 (2**63 - 1 is not)."""
    low, high = value < float(out.lo), value >= float(out.hi)
    result = np.where(low | high, 0.0, value).astype(np.int64)
    result[low] = out.lo
    result[high] = out.hi
    return result


def _exact(acc: np.ndarray, channel: np.ndarray, channels: AffineRounding, out: IntRange) -> np.ndarray:
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


def _exact_everywhere(acc: np.ndarray, channels: AffineRounding, out: IntRange) -> np.ndarray:
    channel = np.broadcast_to(np.arange(channels.count)[:, np.newaxis], acc.shape)
    return _exact(acc.ravel(), channel.ravel(), channels, out).reshape(acc.shape)
