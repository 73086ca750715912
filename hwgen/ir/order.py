# SPDX-License-Identifier: Apache-2.0
"""In which order the elements of a tensor travel on a stream.

An order is a loop nest over the row-major flat index of the tensor, outermost loop first. Because it names flat
indices and not axes, Reshape leaves it as it is and Transpose only relabels it: neither costs hardware.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import prod

import numpy as np


@dataclass(frozen=True)
class Order:
    """Loops ``(count, stride)`` over the flat index, outermost first, in canonical form (see `of_loops`)."""

    loops: tuple[tuple[int, int], ...]

    @classmethod
    def of_loops(cls, *loops: tuple[int, int]) -> Order:
        """Drops loops of one turn and merges neighbours that count as one, so that equal orders compare equal."""
        merged: list[tuple[int, int]] = []
        for count, stride in loops:
            if count == 1:
                continue
            if merged and merged[-1][1] == count * stride:
                merged[-1] = (merged[-1][0] * count, stride)
            else:
                merged.append((count, stride))
        return cls(tuple(merged))

    @classmethod
    def of_axes(cls, shape: tuple[int, ...], axes: tuple[int, ...]) -> Order:
        """All elements of `shape`, the first of `axes` slowest; ``axes`` is a permutation of its axes."""
        strides = row_major_strides(shape)
        return cls.of_loops(*((shape[a], strides[a]) for a in axes))

    @classmethod
    def row_major(cls, shape: tuple[int, ...]) -> Order:
        return cls.of_axes(shape, tuple(range(len(shape))))

    @classmethod
    def channels_last(cls, shape: tuple[int, ...]) -> Order:
        """Axis 1 fastest: the stream of an image ``(1, C, H, W)`` or a signal ``(1, C, L)``; row-major below rank 3."""
        if len(shape) < 3:
            return cls.row_major(shape)
        return cls.of_axes(shape, (0, *range(2, len(shape)), 1))

    @property
    def size(self) -> int:
        return prod(count for count, _ in self.loops)

    @cached_property
    def indices(self) -> np.ndarray:
        """Row-major flat index of each element, in stream order."""
        index = np.zeros(1, dtype=np.int64)
        for count, stride in self.loops:
            index = (index[:, np.newaxis] + np.arange(count) * stride).ravel()
        return index

    def transposed(self, shape: tuple[int, ...], perm: tuple[int, ...]) -> Order:
        """The same stream seen as the flat indices of ``transpose(x, perm)``, where x has `shape`.

        Raises ValueError where a loop runs over parts of several axes that the transpose tears apart.
        """
        new_strides = row_major_strides(tuple(shape[p] for p in perm))
        stride_of_axis = {axis: new_strides[k] for k, axis in enumerate(perm)}
        return Order.of_loops(*((c, step * stride_of_axis[axis]) for axis, c, step in self.along_axes(shape)))

    def along_axes(self, shape: tuple[int, ...]) -> tuple[tuple[int, int, int], ...]:
        """The loops as ``(axis, count, step)``, outermost first, each split so that it stays inside one axis.

        Raises ValueError where a loop runs over parts of several axes.
        """
        return tuple(part for count, stride in self.loops for part in _split_over_axes(count, stride, shape))

    def outside_of(self, inner: Order) -> tuple[tuple[int, int], ...] | None:
        """The loops around `inner`; None where this order does not end with it."""
        outer, left = list(self.loops), inner.size
        found: list[tuple[int, int]] = []
        while left > 1:
            count, stride = outer.pop()
            turns = min(count, left)
            if count % turns or left % turns:
                return None
            found.insert(0, (turns, stride))
            if turns < count:
                outer.append((count // turns, stride * turns))
            left //= turns
        return tuple(outer) if Order.of_loops(*found) == inner else None

    def run_over(self, shape: tuple[int, ...], axis: int) -> np.ndarray | None:
        """If all of `axis` runs innermost: its positions in stream order; None where other axes interleave."""
        return _run_over(self, shape, axis)

    def __str__(self) -> str:
        return " ".join(f"{count}@{stride}" for count, stride in self.loops) or "1"


@lru_cache(maxsize=4096)
def _run_over(order: Order, shape: tuple[int, ...], axis: int) -> np.ndarray | None:
    stride, extent = row_major_strides(shape)[axis], shape[axis]
    index = order.indices.reshape(-1, extent)
    positions = index // stride % extent
    base = index - positions * stride
    runs = np.all(positions == positions[0]) and np.all(base == base[:, :1])
    return positions[0] if runs and len(np.unique(positions[0])) == extent else None


def row_major_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Flat-index step of each axis."""
    return tuple(prod(shape[k + 1 :]) for k in range(len(shape)))


def _split_over_axes(count: int, stride: int, shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    """One loop over the flat index as loops ``(axis, count, step)`` that each stay inside one axis."""
    strides = row_major_strides(shape)
    loops: list[tuple[int, int, int]] = []
    while count > 1:
        axis = next(a for a in range(len(shape)) if shape[a] > 1 and strides[a] <= stride < strides[a] * shape[a])
        step, rest = divmod(stride, strides[axis])
        turns = min(count, shape[axis] // step)
        if rest or count % turns or (turns < count and shape[axis] != turns * step):
            raise ValueError(f"loop {count}@{stride} does not follow the axes of {shape}")
        loops.append((axis, turns, step))
        count //= turns
        stride = strides[axis] * shape[axis]
    return loops[::-1]
