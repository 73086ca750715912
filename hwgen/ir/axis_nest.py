# SPDX-License-Identifier: Apache-2.0
"""An order seen around one axis: which loops run outside of it and which inside."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from math import prod

from hwgen.ir.order import Order, row_major_strides

AxisLoop = tuple[int, int, int]
"""(axis, count, step): a loop over a part of one axis."""


@dataclass(frozen=True)
class AxisNest:
    """``[outer loops][the whole axis, ascending][inner loops]``, whatever the extent of the axis may be.

    Operators that lengthen or shorten an axis keep the nest and change the extent.
    """

    axis: int
    outer: tuple[AxisLoop, ...]
    inner: tuple[AxisLoop, ...]

    @classmethod
    def of(cls, order: Order, shape: tuple[int, ...], axis: int, inner: int) -> AxisNest | None:
        """The nest of `order` in which `inner` elements lie inside one position of `axis`; None if it is no such nest."""
        try:
            loops = order.along_axes(shape)
        except ValueError:
            return None
        outer, inside = _cut(loops, inner)
        outer, whole = _cut(outer, shape[axis])
        if inside is None or whole is None or outer is None:
            return None
        expected = ((axis, shape[axis], 1),) if shape[axis] > 1 else ()
        return cls(axis, outer, inside) if whole == expected else None

    @classmethod
    def standard(cls, shape: tuple[int, ...], axis: int, inner: int) -> AxisNest:
        """A nest with `inner` elements inside: that of channels-last or of row-major, else of other axes as they stand.

        Raises ValueError where no set of axes has that many elements.
        """
        for order in (Order.channels_last(shape), Order.row_major(shape)):
            if nest := cls.of(order, shape, axis, inner):
                return nest
        others = [a for a in range(len(shape)) if a != axis and shape[a] > 1]
        for inside in (c for n in range(len(others) + 1) for c in combinations(others, n)):
            if prod(shape[a] for a in inside) == inner:
                outside = (a for a in others if a not in inside)
                return cls(axis, tuple((a, shape[a], 1) for a in outside), tuple((a, shape[a], 1) for a in inside))
        raise ValueError(f"no axes of {shape} besides {axis} have {inner} elements")

    @staticmethod
    def inner_sizes(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
        """Every possible number of elements inside one position of `axis`, in orders of whole axes."""
        others = [extent for a, extent in enumerate(shape) if a != axis and extent > 1]
        return tuple(sorted({prod(c) for n in range(len(others) + 1) for c in combinations(others, n)}))

    def order(self, shape: tuple[int, ...]) -> Order:
        """This nest over `shape`, which may have any extent along the axis."""
        strides = row_major_strides(shape)
        loops = (*self.outer, (self.axis, shape[self.axis], 1), *self.inner)
        return Order.of_loops(*((count, step * strides[a]) for a, count, step in loops))


def _cut(
    loops: tuple[AxisLoop, ...] | None, size: int
) -> tuple[tuple[AxisLoop, ...], tuple[AxisLoop, ...]] | tuple[None, None]:
    """(outer, inner) so that the inner loops make `size` elements; a loop is split where it has to be."""
    if loops is None:
        return None, None
    outer, inner = list(loops), []
    while size > 1:
        if not outer:
            return None, None
        axis, count, step = outer.pop()
        if size % count == 0:
            inner.append((axis, count, step))
            size //= count
        elif count % size == 0:
            outer.append((axis, count // size, step * size))
            inner.append((axis, size, step))
            size = 1
        else:
            return None, None
    return tuple(outer), tuple(inner[::-1])
