# SPDX-License-Identifier: Apache-2.0
"""The dialect ``ort`` in integers, where no straight line is equal to it.

A float32 product rounds to 24 significant bits before it is rounded to an integer, and above about 2**18 accumulators
across the output range that moves values onto ties, in both directions. The exact way out is to do what float32 does:
multiply by the significand, round to 24 significant bits, round to an integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hwgen.numerics.forms import Form, round_shift
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer

SIGNIFICAND_BITS = 24


@dataclass(frozen=True)
class Float32Multiply(Form):
    """``clamp(rne(sig24(sig24(acc + offset) * significand) / 2**shift) + zero_point)``.

    sig24 rounds an integer to 24 significant bits, half to even: shift right by ``max(0, bits of magnitude - 24)``
    with `round_shift`, then back. shift >= 1; significand is an odd integer of at most 24 bits and a sign, or 0.
    """

    kind: ClassVar[str] = "float32_multiply"
    offset: tuple[int, ...]
    significand: tuple[int, ...]
    shift: tuple[int, ...]
    zero_point: int

    @classmethod
    def of(cls, requantizer: Requantizer, domains: Sequence[IntRange], clamp: IntRange) -> Float32Multiply | None:
        """The form of a requantizer of dialect ``ort``; None for other dialects, for a ratio that is an integer, and
        for accumulators beyond the 53 bits in which `evaluate` counts bits."""
        if requantizer.dialect != "ort":
            return None
        parts = [requantizer.channel(index) for index in range(len(domains))]
        shift = tuple(max(1, ratio.denominator.bit_length() - 1) for ratio, _ in parts)
        significand = tuple(int(ratio * (1 << s)) for (ratio, _), s in zip(parts, shift, strict=True))
        offset = tuple(int(offset) for _, offset in parts)
        form = cls(tuple(domains), clamp, offset, significand, shift, requantizer.zero_point)
        odd_or_zero = all(m == 0 or m % 2 for m in significand)
        return form if odd_or_zero and all(r.width <= 53 for r in form.intermediates.values()) else None

    @cached_property
    def intermediates(self) -> dict[str, IntRange]:
        ends: dict[str, list[int]] = {"acc": [], "sum": [], "rounded_sum": [], "product": [], "rounded_product": []}
        results = []
        for domain, offset, significand, shift in zip(
            self.domains, self.offset, self.significand, self.shift, strict=True
        ):
            for acc in (domain.lo, domain.hi):
                total = acc + offset
                near = round_significant(total)
                product = near * significand
                close = round_significant(product)
                for name, value in zip(ends, (acc, total, near, product, close), strict=True):
                    ends[name].append(value)
                results.append(round_shift(close, shift, "even") + self.zero_point)
        return {name: IntRange(min(v), max(v)) for name, v in (*ends.items(), ("result", results))}

    def evaluate(self, acc: np.ndarray, channel: int | np.ndarray) -> np.ndarray:
        offset, significand, shift = (
            np.array(v, np.int64)[channel] for v in (self.offset, self.significand, self.shift)
        )
        product = _round_significant(np.asarray(acc, np.int64) + offset) * significand
        result = _round_shift(_round_significant(product), np.minimum(shift, 60)) + self.zero_point
        return np.asarray(np.clip(result, self.clamp.lo, self.clamp.hi), np.int64)


def round_significant(value: int) -> int:
    """The nearest integer of 24 significant bits, ties to the even significand: what float32 holds."""
    excess = max(0, abs(value).bit_length() - SIGNIFICAND_BITS)
    return round_shift(value, excess, "even") << excess


def _round_significant(values: np.ndarray) -> np.ndarray:
    """`round_significant` of int64 below 2**53: frexp counts the bits of a float64 exactly."""
    bits = np.frexp(values.astype(np.float64))[1].astype(np.int64)
    excess = np.maximum(0, bits - SIGNIFICAND_BITS)
    return np.asarray(_round_shift(values, excess) << excess)


def _round_shift(values: np.ndarray, shift: np.ndarray) -> np.ndarray:
    half = (np.int64(1) << shift) >> 1
    return np.asarray((values + np.where(shift > 0, half - 1 + ((values >> shift) & 1), 0)) >> shift)
