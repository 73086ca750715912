# SPDX-License-Identifier: Apache-2.0
"""Reduce: maximum or sum over the taps of each channel (pools behind a Window, global pools behind a Reshape)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Reduce(Op):
    """Reduces groups of `taps` neighbours along `axis`: extent C * taps becomes C, exactly.

    An average is the sum; its division belongs to the requantizer behind, so that it rounds once.
    """

    kind: Literal["max", "sum"]
    axis: int
    taps: int

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if x.shape[self.axis] % self.taps:
            raise ValueError(f"Reduce: axis {self.axis} of {x.shape} is no multiple of {self.taps} taps")
        shape = list(x.shape)
        shape[self.axis] //= self.taps
        grown = IntRange(x.range.lo * self.taps, x.range.hi * self.taps) if self.kind == "sum" else x.range
        return TensorType(tuple(shape), grown)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        axis = 1 + self.axis
        split = x.reshape(*x.shape[:axis], -1, self.taps, *x.shape[axis + 1 :])
        return split.max(axis=axis + 1) if self.kind == "max" else split.sum(axis=axis + 1, dtype=np.int64)
