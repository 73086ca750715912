# SPDX-License-Identifier: Apache-2.0
"""DynamicMatMul: exact integer matrix products of two activations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class DynamicMatMul(Op):
    """``y = (a - zero_a) @ (b - zero_b)`` for a (..., M, K) and b (..., K, N) with the same leading axes.

    The range of y is exact: all K products of the sum may reach the same extreme product at once.
    """

    zero_a: int
    zero_b: int

    def infer(self, *src: Node) -> TensorType:
        a, b = (s.type for s in src)
        fits = 2 <= len(a.shape) == len(b.shape) and a.shape[:-2] == b.shape[:-2] and a.shape[-1] == b.shape[-2]
        if not fits:
            raise ValueError(f"DynamicMatMul cannot multiply {a.shape} by {b.shape}")
        factors = shifted(a.range, self.zero_a), shifted(b.range, self.zero_b)
        products = [x * y for x in (factors[0].lo, factors[0].hi) for y in (factors[1].lo, factors[1].hi)]
        k = a.shape[-1]
        return TensorType((*a.shape[:-1], b.shape[-1]), IntRange(k * min(products), k * max(products)))

    def macs(self, *src: Node) -> int:
        a, b = (s.type for s in src)
        return a.size * b.shape[-1]

    def golden(self, *values: np.ndarray) -> np.ndarray:
        a, b = (v.astype(np.int64) - zero for v, zero in zip(values, (self.zero_a, self.zero_b), strict=True))
        worst = int(np.abs(a).max(initial=0)) * int(np.abs(b).max(initial=0)) * a.shape[-1]
        if worst < 1 << 53:  # no partial sum leaves the integers that a float64 holds
            return np.matmul(a.astype(np.float64), b.astype(np.float64)).astype(np.int64)
        return np.matmul(a, b) if worst < 1 << 63 else np.matmul(a.astype(object), b.astype(object))


def shifted(codes: IntRange, zero: int) -> IntRange:
    """The range of codes minus their zero point."""
    return IntRange(codes.lo - zero, codes.hi - zero)
