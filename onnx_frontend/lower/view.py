# SPDX-License-Identifier: Apache-2.0
"""Operators that only rename elements: Reshape, Flatten, Squeeze, Unsqueeze, Transpose, Identity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.view.op import Reshape, Transpose
from onnx_frontend.lower.expression import Exact, shrink
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish
from onnx_frontend.quant_graph import QuantNode


def reshape(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Reshape, Flatten, Squeeze, Unsqueeze: the result's shape is known, so they are one operator."""
    (source,) = sources
    shape = lowering.shape(output)
    if shape == source.type.shape:
        return source
    return lowering.emit(Reshape(shape), (source,), lowering.named(node), (node,))


def transpose(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    (source,) = sources
    perm = permutation(node, len(source.type.shape))
    if perm == tuple(range(len(perm))):
        return source
    return lowering.emit(Transpose(perm), (source,), lowering.named(node), (node,))


def permutation(node: QuantNode, rank: int) -> tuple[int, ...]:
    """The perm attribute; reversed axes where it is absent."""
    return tuple(int(p) for p in node.attributes.get("perm", range(rank)[::-1]))


def before_reshape(lowering: Lowering, node: QuantNode, finish: Finish) -> tuple[Finish, ...]:
    """The finish in front of a reshape: its constants reshaped back."""
    new, old = lowering.shape(node.output), lowering.shape(node.inputs[0])

    def back(constant: Exact) -> Exact:
        if constant.size == 1:
            return constant.reshape(())
        return shrink(np.broadcast_to(constant, new).reshape(old))

    return (replace(finish, expression=finish.expression.map_constants(back)),)


def before_transpose(lowering: Lowering, node: QuantNode, finish: Finish) -> tuple[Finish, ...]:
    """The finish in front of a transpose: its constants transposed back."""
    perm = permutation(node, len(lowering.shape(node.output)))
    inverse = tuple(np.argsort(perm))

    def back(constant: Exact) -> Exact:
        if constant.size == 1:
            return constant.reshape(())
        full = constant.reshape([1] * (len(perm) - constant.ndim) + list(constant.shape))
        return full.transpose(inverse)

    return (replace(finish, expression=finish.expression.map_constants(back)),)
