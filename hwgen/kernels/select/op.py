# SPDX-License-Identifier: Apache-2.0
"""Slice: every step-th element of a run along one axis (ONNX Slice and Split)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType


@dataclass(frozen=True)
class Slice(Op):
    """Elements ``start, start + step, ...`` (`count` of them) along `axis`; step is positive."""

    axis: int
    start: int
    step: int
    count: int

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        last = self.start + (self.count - 1) * self.step
        if self.step < 1 or self.start < 0 or self.count < 1 or last >= x.shape[self.axis]:
            raise ValueError(f"Slice {self.start}:{last + 1}:{self.step} is outside axis {self.axis} of {x.shape}")
        shape = list(x.shape)
        shape[self.axis] = self.count
        return TensorType(tuple(shape), x.range)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        index = np.arange(self.count) * self.step + self.start
        return np.take(x, index, axis=1 + self.axis)
