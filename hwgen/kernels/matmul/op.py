# SPDX-License-Identifier: Apache-2.0
"""MatMul: exact integer inner products with constant weights, whole or in groups."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.accumulator import accumulator_range
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class MatMul(Op):
    """Contracts `axis` of x (extent K) with constant weights of shape ``(M, K / groups)``; the axis becomes M long.

    Output channel m sees the inputs of group ``m // (M / groups)`` only, as in an ONNX Conv. Raw codes: the zero
    point of x is not subtracted here, it lives in the offset of the requantizer behind.
    """

    axis: int
    groups: int = 1

    def infer(self, *src: Node) -> TensorType:
        x, w = (s.type for s in src)
        if len(w.shape) != 2 or x.shape[self.axis] != w.shape[1] * self.groups or w.shape[0] % self.groups:
            raise ValueError(
                f"MatMul cannot contract axis {self.axis} of {x.shape} with {w.shape} in {self.groups} groups"
            )
        shape = list(x.shape)
        shape[self.axis] = w.shape[0]
        return TensorType(tuple(shape), accumulator_range(weights_of(src), x.range))

    def macs(self, *src: Node) -> int:
        x, w = (s.type for s in src)
        return x.size // x.shape[self.axis] * w.size

    def golden(self, *values: np.ndarray) -> np.ndarray:
        x, (w,) = values
        axis = 1 + self.axis
        before, k, behind = prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :])
        worst = partial_sum_bound(w, IntRange.holding(x))
        exact = np.float32 if worst < 1 << 24 else np.float64 if worst < 1 << 53 else np.int64
        columns = x.reshape(before, self.groups, k // self.groups, behind).astype(exact)
        rows = w.reshape(self.groups, -1, k // self.groups).astype(exact)
        if behind == 1 and self.groups == 1:
            y = columns.reshape(before, k) @ rows[0].T
        else:
            y = np.matmul(rows, columns)
        return y.astype(IntRange(-worst, worst).dtype).reshape(*x.shape[:axis], len(w), *x.shape[axis + 1 :])


def weights_of(src: tuple[Node, ...]) -> np.ndarray:
    """The weights of a MatMul node's sources."""
    op = src[1].op
    if not isinstance(op, Constant):
        raise ValueError("MatMul needs constant weights")
    return op.values


def partial_sum_bound(w: np.ndarray, x: IntRange) -> int:
    """No partial sum, in any order, exceeds this: it decides which float type adds exactly."""
    return int(np.abs(w.astype(np.int64)).sum(axis=1).max(initial=0)) * max(abs(x.lo), abs(x.hi))
