# SPDX-License-Identifier: Apache-2.0
"""What all forms of a MatMul ask about their node: extents, widths and the orders of the contracted axis."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.kernels.window.op import Window
from hwgen.numerics.range import IntRange


def signed_bits(values: IntRange) -> int:
    """Bits of the two's complement word that holds `values`, also where they are never negative."""
    return IntRange(min(values.lo, -1), values.hi).width


def shape_of(node: Node) -> tuple[int, int, int, int]:
    """(groups, outputs a group, inputs a group, positions of a frame)."""
    op: MatMul = node.op  # type: ignore[assignment]
    outputs, inputs = weights_of(node.src).shape
    x = node.src[0].type
    return op.groups, outputs // op.groups, inputs, x.size // x.shape[op.axis]


def keeps_positions(order: Order, shape: tuple[int, ...], axis: int) -> bool:
    """Whether the runs over `axis` come in row-major order of the other axes."""
    return np.array_equal(_bases(order, shape, axis), _bases(plain_order(shape, axis), shape, axis))


def positions_of(node: Node, order: Order) -> np.ndarray | None:
    """Index on the contracted axis of each element of a run over it, shape (groups, inputs of one), if the run keeps
    groups and positions together; None where it does not."""
    groups, _, inputs, _ = shape_of(node)
    op: MatMul = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    run = order.run_over(shape, op.axis)
    if run is None or not keeps_positions(order, shape, op.axis):
        return None
    beats = run.reshape(groups, inputs)
    return beats if np.all(beats // inputs == np.arange(groups).reshape(-1, 1)) else None


def aparts_of(node: Node) -> tuple[int, ...]:
    """Distances on the contracted axis that neighbours on a stream may have: 1, or the taps of a window, whose channels
    are neighbours then."""
    source = node.src[0].op
    return (1, source.taps) if isinstance(source, Window) and source.taps > 1 else (1,)


def sequence_of(inputs: int, apart: int) -> np.ndarray:
    """Indices on the contracted axis in the order in which those `apart` from each other are neighbours."""
    return np.arange(inputs).reshape(-1, apart).T.ravel()


@lru_cache(maxsize=1024)
def _bases(order: Order, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Flat index of element 0 of `axis` for each run over it, in stream order."""
    stride, extent = row_major_strides(shape)[axis], shape[axis]
    index = order.indices[::extent]
    return index - index // stride % extent * stride


def plain_order(shape: tuple[int, ...], axis: int, *inner: tuple[int, int]) -> Order:
    """Row-major over all other axes, then `axis` (or the loops given in its place)."""
    strides = row_major_strides(shape)
    outer = [(extent, strides[k]) for k, extent in enumerate(shape) if k != axis]
    return Order.of_loops(*outer, *(inner or ((shape[axis], strides[axis]),)))
