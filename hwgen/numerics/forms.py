# SPDX-License-Identifier: Apache-2.0
"""Integer forms of a requantizer that hardware can carry out, one entry of each constant per channel.

A form holds constants only; `hwgen.numerics.proof.prove` compares it with the exact staircases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar, TypeVar

import numpy as np

from hwgen.numerics.line import Ties
from hwgen.numerics.proof import Proof
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Form:
    """What all forms share.

    domains: accumulator range of each channel; a form promises nothing outside of it.
    clamp: the last step of a form that can leave it; holds the values of all channels.
    """

    kind: ClassVar[str]
    domains: tuple[IntRange, ...]
    clamp: IntRange
    proof: Proof | None = field(default=None, kw_only=True, compare=False)

    @property
    def channels(self) -> int:
        return len(self.domains)

    @property
    def domain(self) -> IntRange:
        """Holds the accumulators of all channels."""
        return IntRange(min(d.lo for d in self.domains), max(d.hi for d in self.domains))

    def evaluate(self, acc: np.ndarray, channel: int | np.ndarray) -> np.ndarray:
        """The codes (int64) in the integer arithmetic of the hardware; `channel` may be an array like acc."""
        raise NotImplementedError

    @property
    def intermediates(self) -> dict[str, IntRange]:
        """The exact range of every value on the way, in order; the last one is what the clamp sees."""
        raise NotImplementedError

    @property
    def needs_clamp(self) -> bool:
        return list(self.intermediates.values())[-1] not in self.clamp


@dataclass(frozen=True)
class MultiplyShift(Form):
    """``clamp((acc * multiplier + addend) >> shift)``; ties "even" and "odd" round half to even or odd instead.

    With ``p = acc * multiplier + addend`` and ``half = 1 << (shift - 1)``, rounding half to even is
    ``(p + half - 1 + lsb) >> shift``, lsb being bit `shift` of p; half to odd takes the inverted bit. The zero point
    and, for ties "up", the rounding constant are part of the addend.
    """

    kind: ClassVar[str] = "multiply_shift"
    multiplier: tuple[int, ...]
    addend: tuple[int, ...]
    shift: tuple[int, ...]
    ties: Ties

    @property
    def shared_shift(self) -> int | None:
        """The shift of all channels (no barrel shifter), or None where they differ."""
        return self.shift[0] if len(set(self.shift)) == 1 else None

    @property
    def multiplier_range(self) -> IntRange:
        return _range_of(self.multiplier)

    @property
    def addend_range(self) -> IntRange:
        return _range_of(self.addend)

    def _sums(self) -> tuple[dict[str, IntRange], list[tuple[int, int]]]:
        """Ranges of acc, product and sum, and for each channel the sums at the two ends of its domain."""
        products = [(d.lo * m, d.hi * m) for d, m in zip(self.domains, self.multiplier, strict=True)]
        sums = [(low + a, high + a) for (low, high), a in zip(products, self.addend, strict=True)]
        product_range, sum_range = (_range_of(v for ends in pairs for v in ends) for pairs in (products, sums))
        return {"acc": self.domain, "product": product_range, "sum": sum_range}, sums

    @cached_property
    def intermediates(self) -> dict[str, IntRange]:
        ranges, sums = self._sums()
        shifted = (round_shift(t, s, self.ties) for ends, s in zip(sums, self.shift, strict=True) for t in ends)
        return {**ranges, "shifted": _range_of(shifted)}

    @cached_property
    def _arrays(self) -> list[np.ndarray]:
        return _constants(self, self.multiplier, self.addend, self.shift)

    def evaluate(self, acc: np.ndarray, channel: int | np.ndarray) -> np.ndarray:
        multiplier, addend, shift = (np.asarray(c[channel], c.dtype) for c in self._arrays)
        total = np.asarray(acc).astype(multiplier.dtype) * multiplier + addend
        if self.ties != "up":
            bit = (total >> shift) & 1
            half = (1 << shift) >> 1
            total = total + np.where(shift > 0, half - 1 + (bit if self.ties == "even" else 1 - bit), 0)
        return _clamped(total >> shift, self.clamp)


Integers = TypeVar("Integers", int, np.ndarray)


def round_shift(value: Integers, shift: int, ties: Ties) -> Integers:
    """``value / 2**shift`` rounded down (ties "up": the caller added half), or to nearest with ties to even or odd."""
    if ties == "up" or shift == 0:
        return value >> shift
    bit = (value >> shift) & 1
    return (value + (1 << shift - 1) - 1 + (bit if ties == "even" else 1 - bit)) >> shift


def _range_of(values: Iterable[int]) -> IntRange:
    listed = list(values)
    return IntRange(min(listed), max(listed))


def _constants(form: Form, *values: tuple[int, ...]) -> list[np.ndarray]:
    """Constants per channel, as int64 if every intermediate value (and twice it) fits, else as objects."""
    widest = max(r.width for r in form.intermediates.values())
    largest = max(abs(v) for group in values for v in group)
    return [np.array(group, np.int64 if widest < 62 and largest < 1 << 62 else object) for group in values]


def _clamped(codes: np.ndarray, clamp: IntRange) -> np.ndarray:
    return np.asarray(np.clip(codes, clamp.lo, clamp.hi), np.int64)
