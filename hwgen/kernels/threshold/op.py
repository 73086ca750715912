# SPDX-License-Identifier: Apache-2.0
"""Threshold: any monotone function of an accumulator, as its exact transitions per channel."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase


@dataclass(frozen=True)
class Threshold(Op):
    """y = the staircase of x's channel: DQ -> f -> Q of a monotone f that is no clipped affine function.

    steps: one staircase for the tensor or one per channel of `axis`; each covers the range of x.
    function: what they stand for, in words, for reports.
    """

    dialect: ClassVar[str] = "real"
    steps: tuple[Staircase, ...]
    axis: int
    function: str

    def __hash__(self) -> int:
        return self._hash

    @cached_property
    def _hash(self) -> int:
        """Planning looks operators up thousands of times, and all transitions are slow to hash."""
        return hash((self.steps, self.axis, self.function))

    @property
    def channels(self) -> int:
        return len(self.steps)

    def staircases(self, x: IntRange) -> tuple[Staircase, ...]:
        """The exact function of each channel over all of `x`."""
        return tuple(s.restricted(x) for s in self.steps)

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if self.channels not in (1, x.shape[self.axis]):
            raise ValueError(f"Threshold of {self.channels} channels along axis {self.axis} of {x.shape}")
        ends = [s.range for s in self.staircases(x.range)]
        return TensorType(x.shape, IntRange(min(e.lo for e in ends), max(e.hi for e in ends)))

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        if self.channels == 1:
            return self.steps[0].evaluate(x)
        channels = np.moveaxis(x, 1 + self.axis, 0)
        result = np.stack([s.evaluate(c) for s, c in zip(self.steps, channels, strict=True)])
        return np.moveaxis(result, 0, 1 + self.axis)
