# SPDX-License-Identifier: Apache-2.0
"""Where the elements of a buffered operand stand: orders of streams as loops over word addresses.

Element (matrix, k, n) of b stands in word ``(matrix * folds + n // pe) * steps + k // simd``, on lane (n % pe, k %
simd). A transpose or a split into heads in front of the product so becomes another set of address steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides

if TYPE_CHECKING:
    from hwgen.kernels.dynamic_matmul.folding import BufferedFolding

Part = tuple[int, int, int]
"""(axis, count, step) of a loop that stays inside of one axis."""


def rows_of(node: Node, order: Order) -> tuple[Part, ...] | None:
    """The loops of `order` around the rows of a; None where the elements of a row do not run innermost."""
    shape = node.src[0].type.shape
    try:
        parts = order.along_axes(shape)
    except ValueError:
        return None
    last = len(shape) - 1
    if shape[last] > 1:
        if not parts or parts[-1] != (last, shape[last], 1):
            return None
        parts = parts[:-1]
    return parts


def read_loops(node: Node, folding: BufferedFolding, order: Order) -> tuple[tuple[int, int], ...] | None:
    """Addresses of b in the order in which rows of a in `order` need them; None for an order that is no such."""
    parts = rows_of(node, order)
    if parts is None:
        return None
    matrices, folds, steps = _word_steps(node, folding)
    loops = [(count, step * matrices[axis] if axis < len(matrices) else 0) for axis, count, step in parts]
    return Order.of_loops(*loops, (folds, steps), (steps, 1)).loops


def write_loops(node: Node, folding: BufferedFolding, order: Order) -> tuple[tuple[int, int], ...] | None:
    """Addresses of the beats of b in `order`, with the step 0 over banks; None where its beats are no words of a bank."""
    shape = node.src[1].type.shape
    k, n = len(shape) - 2, len(shape) - 1
    lanes = {k: folding.simd, n: folding.pe}
    try:
        parts = [p for part in order.along_axes(shape) for p in _digits(part, lanes.get(part[0], 1))]
    except ValueError:
        return None
    lane_axis, bank_axis = (k, n) if folding.inner == "k" else (n, k)
    if lanes[lane_axis] > 1:
        if not parts or parts[-1] != (lane_axis, lanes[lane_axis], 1):
            return None
        parts = parts[:-1]
    matrices, _, steps = _word_steps(node, folding)
    loops = []
    for axis, count, step in parts:
        inside = axis in lanes and step < lanes[axis]
        if inside and (axis, count, step) != (bank_axis, lanes[bank_axis], 1):
            return None
        if axis in lanes:
            step = step // lanes[axis] * (steps if axis == n else 1)
        else:
            step *= matrices[axis]
        loops.append((count, step))
    return Order.of_loops(*loops).loops


def _digits(part: Part, lanes: int) -> list[Part]:
    """A loop as one over words and one over the lanes inside of a word. Raises ValueError where it tears words apart."""
    axis, count, step = part
    if step % lanes == 0:
        return [part]
    inside = min(count, lanes // step)
    if lanes % step or count % inside:
        raise ValueError(f"a loop {count}@{step} does not follow words of {lanes} lanes")
    outside = [(axis, count // inside, step * inside)] if count > inside else []
    return [*outside, (axis, inside, step)]


def _word_steps(node: Node, folding: BufferedFolding) -> tuple[tuple[int, ...], int, int]:
    """(words from one matrix to the next along each leading axis, folds of a row, steps of a fold)."""
    shape = node.src[1].type.shape
    folds, steps = shape[-1] // folding.pe, shape[-2] // folding.simd
    return tuple(folds * steps * stride for stride in row_major_strides(shape[:-2])), folds, steps
