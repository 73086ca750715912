# SPDX-License-Identifier: Apache-2.0
"""Other names for the same elements (Reshape, Transpose), and the same elements at other times (Reorder)."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.ir.order import Order


@dataclass(frozen=True)
class Reshape(Op):
    """The same flat index under another shape; `shape` has no wildcard."""

    shape: tuple[int, ...]

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if prod(self.shape) != x.size:
            raise ValueError(f"Reshape of {x.shape} to {self.shape}")
        return TensorType(self.shape, x.range)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        return x.reshape(len(x), *self.shape)


@dataclass(frozen=True)
class Transpose(Op):
    """ONNX Transpose: axis k of the result is axis ``perm[k]`` of the source."""

    perm: tuple[int, ...]

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if sorted(self.perm) != list(range(len(x.shape))):
            raise ValueError(f"Transpose {self.perm} of {x.shape}")
        return TensorType(tuple(x.shape[p] for p in self.perm), x.range)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        return x.transpose(0, *(1 + p for p in self.perm))


@dataclass(frozen=True)
class Reorder(Op):
    """The same tensor, streamed in `order` where `given` comes in. The planner puts it between stages that differ."""

    order: Order
    given: Order

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if {self.order.size, self.given.size} != {x.size}:
            raise ValueError(f"Reorder from {self.given} to {self.order} does not visit the elements of {x.shape}")
        return x

    def golden(self, *values: np.ndarray) -> np.ndarray:
        return values[0]
