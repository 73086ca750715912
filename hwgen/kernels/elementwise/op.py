# SPDX-License-Identifier: Apache-2.0
"""Table: any function of one narrow integer, as the list of its values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Table(Op):
    """y = values[x - lo]: DQ -> f -> Q of an elementwise f with every entry correctly rounded.

    function: what the table stands for, in words, for reports.
    """

    lo: int
    values: tuple[int, ...]
    function: str

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if x.range not in IntRange(self.lo, self.lo + len(self.values) - 1):
            raise ValueError(f"Table of {len(self.values)} entries from {self.lo} does not cover {x.range}")
        used = self.values[x.range.lo - self.lo : x.range.hi - self.lo + 1]
        return TensorType(x.shape, IntRange(min(used), max(used)))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        return np.array(self.values)[x.astype(np.int64) - self.lo]
