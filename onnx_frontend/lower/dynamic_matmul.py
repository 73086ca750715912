# SPDX-License-Identifier: Apache-2.0
"""MatMul of two activations: an exact product of codes minus their zero points."""

from __future__ import annotations

from hwgen.ir.graph import Node
from hwgen.kernels.dynamic_matmul.op import DynamicMatMul
from hwgen.kernels.view.op import Reshape
from onnx_frontend.lower import gemm
from onnx_frontend.lower.expression import scalar
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.quant_graph import QuantNode


def matmul(lowering: Lowering, node: QuantNode) -> Affine:
    """``A @ B``: by a constant matrix where one operand is constant."""
    if any(lowering.graph.tensors[name].is_constant for name in node.inputs):
        return gemm.matmul(lowering, node)
    return dynamic_matmul(lowering, node)


def dynamic_matmul(lowering: Lowering, node: QuantNode) -> Affine:
    """``A @ B``, matrix by matrix over equal leading axes; axes of extent 1 in front may be missing."""
    a, b = (uniform_grid(lowering, node, k) for k in (0, 1))
    shapes = a.node.type.shape, b.node.type.shape
    rank = max(len(shape) for shape in shapes)
    full = [(1,) * (rank - len(shape)) + shape for shape in shapes]
    if min(len(shape) for shape in shapes) < 2 or full[0][:-2] != full[1][:-2]:
        raise lowering.graph.refuse(
            node,
            "one of its operands is shared by several matrices of the other",
            found=f"shapes {shapes[0]} and {shapes[1]}",
            expected="two activations (..., M, K) and (..., K, N) with equal leading axes",
            fix="repeat the smaller operand with Expand in front of it",
        )
    sources = tuple(_with_shape(lowering, node, g.node, shape) for g, shape in zip((a, b), full, strict=True))
    op = DynamicMatMul(a.quant.zero_point[0], b.quant.zero_point[0])
    product = lowering.emit(op, sources, f"{lowering.named(node)}_matmul", (node,))
    return Affine(product, scalar(a.quant.scale[0] * b.quant.scale[0]), scalar(0), False, lowering.named(node))


def _with_shape(lowering: Lowering, node: QuantNode, source: Node, shape: tuple[int, ...]) -> Node:
    if source.type.shape == shape:
        return source
    return lowering.emit(Reshape(shape), (source,), f"{lowering.named(node)}_axes", (node,))
