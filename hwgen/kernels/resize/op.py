# SPDX-License-Identifier: Apache-2.0
"""Interpolate: nearest and linear resize of images with exact rational weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import Op, TensorType
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Taps:
    """One spatial axis: output position p reads inputs ``first[p]`` and ``first[p] + 1`` (clamped to the last) with
    the integer weights ``near[p]`` and ``far[p]``; ``near[p] + far[p] = denominator`` for every p."""

    first: tuple[int, ...]
    near: tuple[int, ...]
    far: tuple[int, ...]
    denominator: int


@dataclass(frozen=True)
class Interpolate(Op):
    """Result: the weighted sum scaled by the product of the denominators, exact; a requantizer divides and rounds once.

    Nearest neighbour has denominator 1 and far = 0 everywhere, and its result is codes again.
    axes: one Taps per spatial axis of ``(1, C, *spatial)``, first positions never falling.
    """

    axes: tuple[Taps, ...]

    @property
    def denominator(self) -> int:
        product = 1
        for taps in self.axes:
            product *= taps.denominator
        return product

    def infer(self, *src: Node) -> TensorType:
        (x,) = (s.type for s in src)
        if len(x.shape) != 2 + len(self.axes):
            raise ValueError(f"Interpolate over {len(self.axes)} axes needs (1, C, *spatial), not {x.shape}")
        scale = self.denominator
        grown = IntRange(x.range.lo * scale, x.range.hi * scale)
        return TensorType((*x.shape[:2], *(len(taps.first) for taps in self.axes)), grown)

    def golden(self, *values: np.ndarray) -> np.ndarray:
        (x,) = values
        x = x.astype(np.int64)
        for k, taps in enumerate(self.axes):
            axis = 3 + k
            first = np.array(taps.first)
            weight_shape = [1] * x.ndim
            weight_shape[axis] = -1
            near = np.take(x, first, axis=axis) * np.array(taps.near).reshape(weight_shape)
            second = np.minimum(first + 1, x.shape[axis] - 1)
            x = near + np.take(x, second, axis=axis) * np.array(taps.far).reshape(weight_shape)
        return x
