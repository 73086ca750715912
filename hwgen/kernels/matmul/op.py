# SPDX-License-Identifier: Apache-2.0
"""MatMul: exact integer inner products with constant weights, whole or in groups."""

from __future__ import annotations

from dataclasses import dataclass

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
            raise ValueError(f"MatMul cannot contract axis {self.axis} of {x.shape} with {w.shape} in {self.groups} groups")
        shape = list(x.shape)
        shape[self.axis] = w.shape[0]
        return TensorType(tuple(shape), accumulator_range(weights_of(src), x.range))

    def macs(self, *src: Node) -> int:
        x, w = (s.type for s in src)
        return x.size // x.shape[self.axis] * w.size

    def golden(self, *values: np.ndarray) -> np.ndarray:
        x, (w,) = values
        x = np.moveaxis(x, 1 + self.axis, -1)
        lead, k = x.shape[:-1], x.shape[-1]
        bound = accumulator_range(w, IntRange.of_array(x) if x.size else IntRange(0, 0))
        worst = max(abs(bound.lo), abs(bound.hi), partial_sum_bound(w, x))
        exact = np.float32 if worst < 1 << 24 else np.float64 if worst < 1 << 53 else np.int64
        x = x.reshape(-1, self.groups, k // self.groups).astype(exact)
        w = w.reshape(self.groups, -1, k // self.groups).astype(exact)
        if self.groups == 1:
            y = x[:, 0] @ w[0].T
        elif w.shape[1] == 1:
            y = np.einsum("ngk,gk->ng", x, w[:, 0])
        else:
            y = np.matmul(x.transpose(1, 0, 2), w.transpose(0, 2, 1)).transpose(1, 0, 2)
        y = y.reshape(*lead, -1).astype(bound.dtype)
        return np.moveaxis(y, -1, 1 + self.axis)


def weights_of(src: tuple[Node, ...]) -> np.ndarray:
    """The weights of a MatMul node's sources."""
    op = src[1].op
    if not isinstance(op, Constant):
        raise ValueError("MatMul needs constant weights")
    return op.values


def partial_sum_bound(w: np.ndarray, x: np.ndarray) -> int:
    """No partial sum, in any order, exceeds this: it decides which float type adds exactly."""
    largest = int(np.abs(x.astype(np.int64)).max(initial=0))
    return int(np.abs(w.astype(np.int64)).sum(axis=1).max(initial=0)) * largest
