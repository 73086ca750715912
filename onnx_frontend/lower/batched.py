# SPDX-License-Identifier: Apache-2.0
"""MatMul with a batch of constant matrices: one product in groups, between views."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.view.op import Reshape, Transpose
from onnx_frontend.lower.expression import Exact, scalar, shrink
from onnx_frontend.lower.gemm import constant_weights, inner_product
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.quant_graph import QuantNode


@dataclass(frozen=True)
class Batch:
    """The operands of ``A @ B`` where one is a constant ``(*batch, K, N)`` or ``(*batch, M, K)``, the other a stream with
    the same batch.

    In groups, the product is a matrix: free rows of the stream, by batch and by rows or columns of the constant.
    """

    stream: str
    constant: str
    batch: tuple[int, ...]
    constant_is_right: bool

    @classmethod
    def of(cls, lowering: Lowering, node: QuantNode) -> Batch | None:
        """None for any other product."""
        left, right = (lowering.graph.tensors[name] for name in node.inputs)
        if left.is_constant == right.is_constant:
            return None
        stream, constant = (left, right) if right.is_constant else (right, left)
        leads = stream.shape[:-2], constant.shape[:-2]
        if len(constant.shape) < 3 or leads[0] != leads[1] or prod(leads[0]) == 1:
            return None
        return cls(stream.name, constant.name, leads[0], right.is_constant)

    @property
    def to_matrix(self) -> tuple[int, int, int]:
        """How (batch, rows, columns) of the stream become (free, batch, summed)."""
        return (1, 0, 2) if self.constant_is_right else (2, 0, 1)

    @property
    def from_matrix(self) -> tuple[int, int, int]:
        """How (free, batch, made) of the result become (batch, rows, columns)."""
        return (1, 0, 2) if self.constant_is_right else (1, 2, 0)


def rounded_matmul(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Any MatMul; in a batch of products the rounding stands in front of the views, where its channels are one axis."""
    batch = Batch.of(lowering, node)
    if batch is None:
        return lowering.rules.finish(lowering, lowering.affine(node), finish)
    shape, count = lowering.shape(node.output), prod(batch.batch)
    apart = (count, *shape[-2:])
    matrix = tuple(apart[k] for k in np.argsort(batch.from_matrix))

    def back(constant: Exact) -> Exact:
        if constant.size == 1:
            return constant.reshape(())
        whole = np.broadcast_to(constant, shape).reshape(apart)
        return shrink(whole.transpose(np.argsort(batch.from_matrix)).reshape(matrix[0], -1))

    inner = replace(finish, tensor="", expression=finish.expression.map_constants(back))
    codes = lowering.rules.finish(lowering, _product(lowering, node, batch), inner)
    views = (Reshape(matrix), Transpose(batch.from_matrix), Reshape(shape))
    return lowering.label(_through(lowering, node, codes, *views), finish.tensor)


def _product(lowering: Lowering, node: QuantNode, batch: Batch) -> Affine:
    """The sums of all products of the batch, shape (free, batch * made)."""
    source = lowering.grid(batch.stream, node)
    axis = len(batch.batch) + (1 if batch.constant_is_right else 0)
    w, scale = constant_weights(lowering, node, lowering.graph.tensors[batch.constant], axis)
    w = w.reshape(-1, *w.shape[-2:])
    rows = w.swapaxes(1, 2) if batch.constant_is_right else w
    count, made, summed = rows.shape
    full = np.tile(scale, count) if scale.size > 1 else scale
    stream = (count, *source.node.type.shape[-2:])
    free = stream[batch.to_matrix[0]]
    views = (Reshape(stream), Transpose(batch.to_matrix), Reshape((free, count * summed)))
    flat = Grid(_through(lowering, node, source.node, *views), source.quant)
    return inner_product(lowering, node, flat, rows.reshape(count * made, summed), full, scalar(0), 1, groups=count)


def _through(lowering: Lowering, node: QuantNode, value: Node, *views: Reshape | Transpose) -> Node:
    for view in views:
        same = (
            view.shape == value.type.shape if isinstance(view, Reshape) else view.perm == tuple(range(len(view.perm)))
        )
        value = value if same else lowering.emit(view, (value,), f"{lowering.named(node)}_view", (node,))
    return value
