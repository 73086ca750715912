# SPDX-License-Identifier: Apache-2.0
"""Lookup: rows of a constant table, chosen by a stream of indices (an embedding)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Lookup(Op):
    """ONNX Gather along axis 0 of a constant: ``y[i, ...] = table[indices[i], ...]``.

    Sources: indices of any shape, from 0 on; the constant table (rows, ...).
    """

    def infer(self, *src: Node) -> TensorType:
        indices, table = (s.type for s in src)
        if indices.range not in IntRange(0, table.shape[0] - 1):
            raise ValueError(f"Lookup in {table.shape[0]} rows of indices {indices.range}")
        return TensorType(indices.shape + table.shape[1:], table.range)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        indices, table = values
        return table[0][indices]
