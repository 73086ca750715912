# SPDX-License-Identifier: Apache-2.0
"""The walk over an image that makes all taps of a window at once: one step per beat of a row, padding included.

Rows above and columns between the rows of the image are walked only where they are needed: `rows` and `columns` are the
coordinates (from, up to and without). A window position is complete at the step of its last tap.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hwgen.kernels.window.geometry import Axis, Geometry


@dataclass(frozen=True)
class Scan:
    """The walk of one window; blocks: beats a pixel."""

    geometry: Geometry
    blocks: int

    @cached_property
    def rows(self) -> tuple[int, int]:
        complete = _complete(self.geometry.rows)
        return min(0, complete[0]), max(self.geometry.rows.size - 1, complete[-1]) + 1

    @cached_property
    def columns(self) -> tuple[int, int]:
        """The padding behind a row serves as the padding before the next one, as far as it goes."""
        axis = self.geometry.columns
        complete = _complete(axis)
        behind = max(0, complete[-1] - (axis.size - 1))
        return -max(0, -complete[0], max(axis.begin, 0) - behind), axis.size + behind

    @property
    def extents(self) -> tuple[int, int, int]:
        """Rows, columns and beats a pixel that are walked."""
        return self.rows[1] - self.rows[0], self.columns[1] - self.columns[0], self.blocks

    @cached_property
    def takes(self) -> np.ndarray:
        """Whether each step takes a beat; shape `extents`."""
        row, column = np.arange(*self.rows), np.arange(*self.columns)
        rows, columns = self.geometry.rows, self.geometry.columns
        inside = np.outer((row >= 0) & (row < rows.size), (column >= 0) & (column < columns.size))
        return np.repeat(inside[:, :, np.newaxis], self.blocks, axis=2)

    @cached_property
    def gives(self) -> np.ndarray:
        """Whether each step completes a position; shape `extents`."""
        row, column = np.arange(*self.rows), np.arange(*self.columns)
        rows, columns = _complete(self.geometry.rows), _complete(self.geometry.columns)
        complete = np.outer(np.isin(row, rows), np.isin(column, columns))
        return np.repeat(complete[:, :, np.newaxis], self.blocks, axis=2)

    @property
    def start(self) -> tuple[int, int, int]:
        """The first step that takes or gives, where a walk begins after a reset; counted from the first step."""
        at = int(np.flatnonzero(self.takes | self.gives)[0])
        return tuple(int(k) for k in np.unravel_index(at, self.extents))  # type: ignore[return-value]

    @property
    def fills_rows(self) -> tuple[bool, ...]:
        """Per kernel row, whether any position has it outside."""
        return tuple(np.any(~self.geometry.rows.inside, axis=0).tolist())

    @property
    def fills_columns(self) -> bool:
        """Whether any position has a column of taps outside."""
        return self.geometry.columns.padded


def _complete(axis: Axis) -> list[int]:
    """Coordinate of the last tap of each position."""
    return axis.coordinates[:, -1].tolist()
