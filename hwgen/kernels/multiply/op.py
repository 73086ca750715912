# SPDX-License-Identifier: Apache-2.0
"""Multiply: the exact product of two streams."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Multiply(Op):
    """(a - zero_a) * (b - zero_b) of two tensors of one shape; a requantizer behind rounds once."""

    zero_a: int
    zero_b: int

    def infer(self, *src: Node) -> TensorType:
        a, b = (s.type for s in src)
        if a.shape != b.shape:
            raise ValueError(f"Multiply of {a.shape} and {b.shape}")
        ends_a = (a.range.lo - self.zero_a, a.range.hi - self.zero_a)
        ends_b = (b.range.lo - self.zero_b, b.range.hi - self.zero_b)
        products = [p * q for p in ends_a for q in ends_b]
        return TensorType(a.shape, IntRange(min(products), max(products)))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        a, b = (v.astype(np.int64) for v in values)
        return (a - self.zero_a) * (b - self.zero_b)
