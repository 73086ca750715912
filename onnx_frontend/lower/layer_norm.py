# SPDX-License-Identifier: Apache-2.0
"""LayerNorm and RMSNorm between two tensors of codes, as one operator or written out."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.op import TensorType
from hwgen.kernels.layer_norm.op import MOST_ERROR, LayerNorm, RealNorm
from hwgen.kernels.view.op import Reshape
from hwgen.numerics.range import IntRange
from onnx_frontend.lower.elementwise import number
from onnx_frontend.lower.expression import Exact, as_affine_clip, scalar
from onnx_frontend.lower.finish import affine_line
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.patterns.layer_norm import WrittenNorm, written_norm
from onnx_frontend.quant_graph import QuantNode


def layer_norm(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """LayerNormalization, RMSNormalization and SimplifiedLayerNormalization, rounded once."""
    graph = lowering.graph
    asked = {o.tensor for o in graph.outputs} | set(graph.consumers)
    if any(name in asked for name in node.outputs[1:]):
        words = "its mean or deviation is read as well", f"outputs {list(node.outputs)}", "only its first output"
        raise graph.refuse(node, *words, "compute them from the input of this node on the host")
    grid = uniform_grid(lowering, node)
    shape = grid.node.type.shape
    axis = int(node.attributes.get("axis", -1)) % len(shape)
    found = WrittenNorm(node.inputs[0], axis, number(node, "epsilon", 1e-5), node.op == "LayerNormalization")
    constants = [_of_row(lowering, node, k, shape[axis:], default) for k, default in ((1, 1), (2, 0))]
    return _normalized(lowering, node, finish, grid, found, constants)


def quotient(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """A Div of two tensors that ends a normalization."""
    found = written_norm(lowering.graph, node)
    if found is None:
        raise lowering.unsupported(node)
    return _written(lowering, node, finish, found)


def product(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """A Mul that ends a normalization, else one of two activations."""
    found = written_norm(lowering.graph, node)
    if found is None:
        return lowering.rules.finish(lowering, lowering.affine(node), finish)
    return _written(lowering, node, finish, found)


def _written(lowering: Lowering, node: QuantNode, finish: Finish, found: WrittenNorm) -> Node:
    grid = lowering.grid(found.x, node)
    ones, zeros = (np.full(1, Fraction(v), object) for v in (1, 0))
    return _normalized(lowering, node, finish, grid, found, [ones, zeros])


def _of_row(lowering: Lowering, node: QuantNode, position: int, row: tuple[int, ...], default: int) -> Exact:
    """A scale or bias, exactly, for each element of a row."""
    if position >= len(node.inputs) or not node.inputs[position]:
        return np.full(1, Fraction(default), object)
    lowering.value(node, position)
    return np.broadcast_to(lowering.graph.tensors[node.inputs[position]].real(), row).ravel()


def _normalized(
    lowering: Lowering, node: QuantNode, finish: Finish, grid: Grid, found: WrittenNorm, constants: list[Exact]
) -> Node:
    shape, name = grid.node.type.shape, lowering.named(node)
    _check(lowering, node, grid, found)
    ratio, offset, out = _line(lowering, node, finish, grid, found.axis)
    gains, biases = constants[0] * ratio, constants[1] * ratio + offset
    flat = (*shape[: found.axis], prod(shape[found.axis :]))
    x = grid.node
    if flat != shape:
        x = lowering.emit(Reshape(flat), (x,), f"{name}_flat", (node,))
    scale, zero = grid.quant.scale[0], grid.quant.zero_point[0]
    real = RealNorm(found.axis, found.centered, scale, zero, found.epsilon, list(gains), list(biases))
    op = LayerNorm.of_reals(
        TensorType(flat, x.type.range), real, finish.quant.zero_after, out, lowering.norm_error or MOST_ERROR
    )
    if flat == shape:
        return lowering.emit(op, (x,), name, finish.path, finish.tensor)
    result = lowering.emit(op, (x,), f"{name}_rows", finish.path)
    return lowering.emit(Reshape(shape), (result,), name, (node,), finish.tensor)


def _check(lowering: Lowering, node: QuantNode, grid: Grid, found: WrittenNorm) -> None:
    if found.epsilon <= 0:
        words = "its epsilon is not positive", float(found.epsilon), "an epsilon above 0"
        raise lowering.graph.refuse(node, *words, "export it with the usual epsilon, such as 1e-5")
    if not grid.quant.per_tensor:
        words = "its input is quantized per channel", f"{len(grid.quant.scale)} scales", "one scale for the activation"
        raise lowering.graph.refuse(node, *words, "quantize activations per tensor")


def _line(lowering: Lowering, node: QuantNode, finish: Finish, grid: Grid, axis: int) -> tuple[Exact, Exact, IntRange]:
    """(ratio, offset) for each element of a row, and the codes that may come out, of what follows up to the rounding."""
    line, quant, shape = as_affine_clip(finish.expression), finish.quant, grid.node.type.shape
    one = Affine(grid.node, scalar(1), scalar(0), False, "")
    fused = affine_line(one, line, quant) if line is not None and quant.per_tensor else None
    if fused is not None and quant.rounding == "half_even":
        values = [v.reshape((1,) * (len(shape) - v.ndim) + v.shape) for v in fused[:2]]
        if all(v.shape[:axis] == (1,) * axis for v in values):
            ratio, offset = (np.broadcast_to(v, (*(1,) * axis, *shape[axis:])).ravel() for v in values)
            return ratio, offset, fused[2]
    raise lowering.graph.refuse(
        finish.path[min(1, len(finish.path) - 1)],
        "this function of a normalization is not supported",
        found=f"{finish.expression}, rounded {quant.rounding}",
        expected="a scale, a bias and a clip between the normalization and its QuantizeLinear",
        fix="quantize the output of the normalization as well",
    )
