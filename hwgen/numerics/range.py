# SPDX-License-Identifier: Apache-2.0
"""Integer ranges: the type of every value in hwgen. Width and sign are derived, never stored."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class IntRange:
    """All integers from `lo` to `hi`, both included."""

    lo: int
    hi: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "lo", int(self.lo))
        object.__setattr__(self, "hi", int(self.hi))
        if self.lo > self.hi:
            raise ValueError(f"IntRange needs lo <= hi, not {self.lo} > {self.hi}")

    @classmethod
    def of_bits(cls, bits: int, signed: bool) -> IntRange:
        """The range of a two's complement (or unsigned) word of `bits` bits."""
        return cls(-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else cls(0, (1 << bits) - 1)

    @classmethod
    def of_array(cls, values: np.ndarray) -> IntRange:
        """The smallest range that holds every element of a non-empty integer array."""
        return cls(int(values.min()), int(values.max()))

    @classmethod
    def holding(cls, values: np.ndarray) -> IntRange:
        """A range that holds every element, found without looking where that is of 8 bits; else the smallest."""
        if values.dtype.itemsize == 1:
            return cls.of_bits(8, values.dtype.kind == "i")
        return cls.of_array(values) if values.size else cls(0, 0)

    @property
    def signed(self) -> bool:
        return self.lo < 0

    @property
    def width(self) -> int:
        """Bits of the smallest word that holds the range; at least 1."""
        if self.signed:
            return max((-self.lo - 1).bit_length(), self.hi.bit_length() if self.hi > 0 else 0) + 1
        return max(1, self.hi.bit_length())

    @property
    def size(self) -> int:
        return self.hi - self.lo + 1

    @property
    def dtype(self) -> np.dtype:
        """The smallest NumPy integer type that holds the range (object above 64 bits)."""
        for bits in (8, 16, 32, 64):
            if self in IntRange.of_bits(bits, self.signed):
                return np.dtype(f"{'int' if self.signed else 'uint'}{bits}")
        return np.dtype(object)

    def __contains__(self, other: int | IntRange) -> bool:
        if isinstance(other, IntRange):
            return self.lo <= other.lo and other.hi <= self.hi
        return self.lo <= other <= self.hi

    def union(self, other: IntRange) -> IntRange:
        return IntRange(min(self.lo, other.lo), max(self.hi, other.hi))

    def clamp(self, value: int) -> int:
        return min(max(value, self.lo), self.hi)

    def __str__(self) -> str:
        return f"[{self.lo}, {self.hi}]"
