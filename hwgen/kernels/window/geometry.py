# SPDX-License-Identifier: Apache-2.0
"""Where the taps of a sliding window lie, in two axes; a signal of one axis is an image of one row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.window.op import Window

OUTSIDE = -(1 << 40)
"""Stands for a coordinate that no tap reads."""


@dataclass(frozen=True)
class Axis:
    """One spatial axis of a window: `positions` steps of `stride` over `size` elements behind a padding of `begin`.

    begin: negative where the first elements are cropped.
    """

    size: int
    taps: int
    stride: int
    dilation: int
    begin: int
    positions: int

    @property
    def span(self) -> int:
        """Elements from the first to the last tap, both included."""
        return self.dilation * (self.taps - 1) + 1

    @property
    def first(self) -> np.ndarray:
        """Coordinate of the first tap of each position; shape (positions,)."""
        return np.arange(self.positions) * self.stride - self.begin

    @property
    def coordinates(self) -> np.ndarray:
        """Coordinate of each tap of each position; shape (positions, taps)."""
        return self.first[:, np.newaxis] + np.arange(self.taps) * self.dilation

    @property
    def inside(self) -> np.ndarray:
        """Whether each tap of each position lies inside; shape (positions, taps)."""
        return (self.coordinates >= 0) & (self.coordinates < self.size)

    @property
    def last_inside(self) -> np.ndarray:
        """The largest coordinate inside that each position reads, or OUTSIDE; shape (positions,)."""
        return np.where(self.inside, self.coordinates, OUTSIDE).max(axis=1)

    @property
    def padded(self) -> bool:
        """Whether any tap lies outside."""
        return not bool(self.inside.all())


@dataclass(frozen=True)
class Geometry:
    """The window of a node: channels of an image, and its two axes."""

    channels: int
    rows: Axis
    columns: Axis

    @classmethod
    def of(cls, node: Node) -> Geometry:
        op: Window = node.op  # type: ignore[assignment]
        shape = node.src[0].type.shape
        out = op.out_spatial(shape[2:])
        axes = [
            Axis(size, taps, stride, dilation, begin, positions)
            for size, taps, stride, dilation, (begin, _), positions in zip(
                shape[2:], op.kernel, op.strides, op.dilations, op.pads, out, strict=True
            )
        ]
        if len(axes) == 1:
            axes.insert(0, Axis(1, 1, 1, 1, 0, 1))
        return cls(shape[1], axes[0], axes[1])

    @property
    def taps(self) -> int:
        return self.rows.taps * self.columns.taps

    @property
    def positions(self) -> int:
        return self.rows.positions * self.columns.positions

    @property
    def padded(self) -> bool:
        return self.rows.padded or self.columns.padded
