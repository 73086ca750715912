# SPDX-License-Identifier: Apache-2.0
"""The two nodes without sources: a graph input and a constant."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange

if TYPE_CHECKING:
    from hwgen.ir.graph import Node


@dataclass(frozen=True)
class Input(Op):
    """Raw integer codes that arrive on a stream of the design."""

    type: TensorType

    def infer(self, *src: Node) -> TensorType:
        return self.type


@dataclass(frozen=True, eq=False)
class Constant(Op):
    """A tensor of known integers; its range is exact. How it is stored is a field of a folding."""

    values: np.ndarray
    digest: str = field(init=False)

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values)
        if not np.issubdtype(values.dtype, np.integer):
            raise TypeError(f"Constant needs integers, not {values.dtype}")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)
        canonical = str(values.shape).encode() + values.astype(np.int64).tobytes()
        object.__setattr__(self, "digest", hashlib.sha256(canonical).hexdigest()[:16])

    def infer(self, *src: Node) -> TensorType:
        return TensorType(self.values.shape, IntRange.of_array(self.values))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        return self.values[np.newaxis]

    def parameters(self) -> dict[str, object]:
        return {"shape": self.values.shape, "sha256": self.digest}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)
