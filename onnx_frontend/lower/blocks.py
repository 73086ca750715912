# SPDX-License-Identifier: Apache-2.0
"""Wide weights with a common factor in each block: one product of narrow weights, and one of the factors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.numerics.range import IntRange

WIDE = 16


@dataclass(frozen=True, eq=False)
class Blocks:
    """``w[m, b * B + k] == inner[m, b, k] * factors[m, b]``."""

    inner: np.ndarray
    factors: np.ndarray

    @property
    def bits(self) -> int:
        """Bits of all weights together: what storage and multipliers grow with."""
        return sum(a.size * IntRange.of_array(a).width for a in (self.inner, self.factors))


def find_blocks(w: np.ndarray) -> Blocks | None:
    """The cheapest way to split weights (M, K) of more than 16 bits, or None where there is no cheaper one."""
    width = IntRange.of_array(w).width
    if width <= WIDE:
        return None
    k = w.shape[1]
    found = [_divided(w, size) for size in range(2, k + 1) if k % size == 0]
    best = min(found, key=lambda b: b.bits, default=None)
    return best if best is not None and best.bits < w.size * width else None


def _divided(w: np.ndarray, size: int) -> Blocks:
    parts = w.reshape(len(w), -1, size)
    factors = np.maximum(np.gcd.reduce(np.abs(parts), axis=2), 1)
    return Blocks(parts // factors[:, :, np.newaxis], factors)
