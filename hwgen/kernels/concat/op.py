# SPDX-License-Identifier: Apache-2.0
"""Concat: tensors one behind the other along an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType


@dataclass(frozen=True)
class Concat(Op):
    """ONNX Concat over codes of one and the same scale and zero point."""

    axis: int

    def infer(self, *src: Node) -> TensorType:
        types = [s.type for s in src]
        rests = {t.shape[: self.axis] + t.shape[self.axis + 1 :] for t in types}
        if len(rests) != 1:
            raise ValueError(f"Concat along axis {self.axis} of {[t.shape for t in types]}")
        shape = list(types[0].shape)
        shape[self.axis] = sum(t.shape[self.axis] for t in types)
        values = types[0].range
        for t in types[1:]:
            values = values.union(t.range)
        return TensorType(tuple(shape), values)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        samples = max(len(v) for v in values)
        same = [np.broadcast_to(v, (samples, *v.shape[1:])) for v in values]
        return np.concatenate(same, axis=1 + self.axis)
