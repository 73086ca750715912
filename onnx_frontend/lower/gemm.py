# SPDX-License-Identifier: Apache-2.0
"""Gemm and MatMul with constant weights: an exact MatMul, scales and bias in the affine meaning of its sums."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.matmul.op import MatMul
from hwgen.kernels.view.op import Reshape, Transpose
from onnx_frontend.lower.blocks import find_blocks
from onnx_frontend.lower.elementwise import number
from onnx_frontend.lower.expression import Exact, array, scalar, shrink
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Grid
from onnx_frontend.quant_graph import QuantNode, QuantTensor, exact

LARGEST_WHOLE = 1 << 16


def gemm(lowering: Lowering, node: QuantNode) -> Affine:
    """``alpha * A' @ B' + beta * C``, B constant."""
    graph = lowering.graph
    weights = graph.tensors[node.inputs[1]]
    if graph.tensors[node.inputs[0]].is_constant:
        raise dynamic_weights(lowering, node, node.inputs[1])
    source = lowering.grid(node.inputs[0], node)
    if node.attributes.get("transA", 0):
        turned = lowering.emit(Transpose((1, 0)), (source.node,), f"{lowering.named(node)}_transpose", (node,))
        source = Grid(turned, source.quant)
    w, scale = constant_weights(lowering, node, weights, 0 if node.attributes.get("transB", 0) else 1)
    w = w if node.attributes.get("transB", 0) else w.T
    bias = scalar(0)
    if len(node.inputs) > 2 and node.inputs[2]:
        bias = array(constant_bias(lowering, node, node.inputs[2]) * number(node, "beta", 1.0))
        bias = bias.reshape([1] * (2 - bias.ndim) + list(bias.shape))
    return inner_product(lowering, node, source, w, array(scale * number(node, "alpha", 1.0)), bias, axis=1)


def matmul(lowering: Lowering, node: QuantNode) -> Affine:
    """``A @ B`` with one constant operand of rank 2 (leading axes of extent 1 are dropped)."""
    left, right = (lowering.graph.tensors[name] for name in node.inputs)
    weights, stream, rank = (right, left, len(left.shape)) if right.is_constant else (left, right, len(right.shape))
    if len(weights.shape) != 2 or rank < 2:
        raise lowering.graph.refuse(
            node,
            "the constant operand is no matrix",
            found=f"shapes {left.shape} and {right.shape}",
            expected="a constant of shape (K, N)",
            fix="reshape the weights to a matrix, or split the MatMul",
        )
    source = lowering.grid(stream.name, node)
    w, scale = constant_weights(lowering, node, weights, 1 if right.is_constant else 0)
    axis = rank - 1 if right.is_constant else rank - 2
    return inner_product(lowering, node, source, w.T if right.is_constant else w, scale, scalar(0), axis)


def inner_product(
    lowering: Lowering,
    node: QuantNode,
    source: Grid,
    w: np.ndarray,
    scale: Exact,
    bias: Exact,
    axis: int,
    groups: int = 1,
) -> Affine:
    """MatMul of raw codes with the weights `w` (M, K / groups), zero points removed; scale has shape () or (M,).

    The real value is ``sx * scale * (sum(w * codes) - zx * sum(w)) + bias``: all of it exact.
    """
    if not source.quant.per_tensor:
        raise lowering.graph.refuse(
            node,
            "its input is quantized per channel",
            found=f"{len(source.quant.scale)} scales",
            expected="one scale for the activation",
            fix="quantize activations per tensor",
        )
    name = lowering.named(node)
    product = _product(lowering, node, source.node, w, axis, groups)
    rank = len(product.type.shape)
    per_channel = [-1 if k == axis else 1 for k in range(rank)]
    sums = np.array([Fraction(int(s)) for s in w.astype(object).sum(axis=1)], object).reshape(per_channel)
    full = scale.reshape(per_channel) if scale.size > 1 else scale.reshape([1] * rank)
    real = full * source.quant.scale[0]
    offset = shrink(array(bias - real * source.quant.zero_point[0] * sums))
    return Affine(product, real, offset, False, name)


def _product(lowering: Lowering, node: QuantNode, source: Node, w: np.ndarray, axis: int, groups: int) -> Node:
    """One MatMul; for wide weights with common factors one within the blocks and one over them."""
    name, blocks = lowering.named(node), find_blocks(w) if groups == 1 else None
    if blocks is None:
        constant = lowering.constant(w, f"{name}_weights")
        return lowering.emit(MatMul(axis, groups), (source, constant), f"{name}_matmul", (node,))
    rows, count, size = blocks.inner.shape
    inner = lowering.constant(blocks.inner.swapaxes(0, 1).reshape(count * rows, size), f"{name}_weights")
    parts = lowering.emit(MatMul(axis, count), (source, inner), f"{name}_blocks", (node,))
    shape = parts.type.shape
    before, behind = shape[:axis], shape[axis + 1 :]
    apart = lowering.emit(Reshape((*before, count, rows, *behind)), (parts,), f"{name}_apart", (node,))
    order = (*range(axis), axis + 1, axis, *range(axis + 2, len(shape) + 1))
    turned = lowering.emit(Transpose(order), (apart,), f"{name}_turned", (node,))
    flat = lowering.emit(Reshape((*before, rows * count, *behind)), (turned,), f"{name}_flat", (node,))
    factors = lowering.constant(blocks.factors, f"{name}_factors")
    return lowering.emit(MatMul(axis, rows), (flat, factors), f"{name}_matmul", (node,))


def constant_weights(lowering: Lowering, node: QuantNode, tensor: QuantTensor, axis: int) -> tuple[np.ndarray, Exact]:
    """(integers minus their zero point, scale per tensor or along `axis`, the axis of the output channels).

    Float numbers that are all whole are integers with the scale 1.
    """
    if not tensor.is_constant:
        raise dynamic_weights(lowering, node, tensor.name)
    if tensor.quant is None and is_whole(tensor.value):
        return tensor.value.astype(np.int64), scalar(1)
    if tensor.quant is None:
        raise lowering.graph.refuse(
            node,
            "its weights are not quantized",
            found=f"'{tensor.name}' holds {tensor.dtype} numbers",
            expected="integer weights behind a DequantizeLinear",
            fix=f"quantize the model: hwgen quantize {lowering.graph.file} --calib X.npz",
        )
    quant, rank = tensor.quant, len(tensor.shape)
    if not quant.per_tensor and quant.axis % rank != axis:
        raise lowering.graph.refuse(
            node,
            "its weights have scales along the summed axis",
            found=f"scales along axis {quant.axis} of {tensor.shape}",
            expected=f"one scale for the tensor or per output channel (axis {axis})",
            fix="quantize the weights per output channel",
        )
    shape = [-1 if k == axis else 1 for k in range(rank)]
    zero = np.array(quant.zero_point, np.int64)
    w = tensor.value.astype(np.int64) - (zero.reshape(shape) if zero.size > 1 else zero[0])
    scale = np.array(quant.scale, object) if len(quant.scale) > 1 else scalar(quant.scale[0])
    return w, scale


def is_whole(values: np.ndarray) -> bool:
    """Whether all are integers that a weight may be."""
    return bool((values == np.rint(values)).all() and np.abs(values).max(initial=0) < LARGEST_WHOLE)


def constant_bias(lowering: Lowering, node: QuantNode, name: str) -> Exact:
    """A bias as exact fractions: integers in their own scale, or float numbers."""
    tensor = lowering.graph.tensors[name]
    if not tensor.is_constant:
        raise lowering.graph.refuse(
            node,
            "its bias is computed at run time",
            found=f"'{name}' is not a constant",
            expected="a constant bias",
            fix="write it as an Add behind a QuantizeLinear",
        )
    return tensor.real() if tensor.quant is not None else exact(tensor.value)


def dynamic_weights(lowering: Lowering, node: QuantNode, name: str) -> Exception:
    return lowering.graph.refuse(
        node,
        "both operands are computed at run time",
        found=f"'{name}' is not a constant",
        expected="constant weights",
        fix="write it as a MatMul, which may have two activations, or cut the model in front of it: --to TENSOR",
    )
