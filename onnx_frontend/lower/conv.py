# SPDX-License-Identifier: Apache-2.0
"""Conv: a Window (im2col, filled with the zero point) and a MatMul over its column."""

from __future__ import annotations

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.window.op import Window
from onnx_frontend.lower.expression import scalar
from onnx_frontend.lower.gemm import constant_bias, constant_weights, inner_product
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Grid
from onnx_frontend.lower.spatial import Spatial, spatial
from onnx_frontend.quant_graph import QuantNode


def conv(lowering: Lowering, node: QuantNode) -> Affine:
    """Conv with constant weights ``(M, C / group, *kernel)`` over one or two spatial axes."""
    weights = lowering.graph.tensors[node.inputs[1]]
    w, scale = constant_weights(lowering, node, weights, 0)
    form = spatial(lowering, node, w.shape[2:])
    source = lowering.grid(node.inputs[0], node)
    columns = source.node
    if not form.is_pointwise:
        columns = window(lowering, node, source.node, form, int(source.quant.zero_point[0]))
    bias = scalar(0)
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = constant_bias(lowering, node, node.inputs[2]).reshape(-1, *[1] * len(form.size))
    groups = int(node.attributes.get("group", 1))
    flat = w.reshape(len(w), -1)
    return inner_product(lowering, node, Grid(columns, source.quant), flat, scale, bias, axis=1, groups=groups)


def window(lowering: Lowering, node: QuantNode, source: Node, form: Spatial, fill: int) -> Node:
    """The im2col stream in front of a convolution or a pool; shared by all nodes that look alike."""
    op = Window(form.kernel, form.strides, form.dilations, form.window_pads, fill)
    key = ("window", source, op)
    if key not in lowering.memo:
        lowering.memo[key] = lowering.emit(op, (source,), f"{lowering.named(node)}_window", (node,))
    result: Node = lowering.memo[key]
    return result


def spread(values: list[list[int]], rank: int) -> np.ndarray:
    """Per spatial axis a list of factors, as their product over all positions: shape (1, 1, *out)."""
    product = np.ones((1,) * rank, object)
    for k, factors in enumerate(values):
        shape = [1] * rank
        shape[2 + k] = -1
        product = product * np.array(factors, object).reshape(shape)
    return product
