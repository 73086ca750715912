# SPDX-License-Identifier: Apache-2.0
"""Softmax between two tensors of codes."""

from __future__ import annotations

from fractions import Fraction
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.softmax.op import Softmax, fraction_bits
from hwgen.kernels.view.op import Reshape
from hwgen.numerics.float32 import nearest_float32
from onnx_frontend.lower.expression import as_affine_clip
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.quant_graph import Quant, QuantNode

MOST_CODES = 4096
"""Entries of the table of powers."""
ONE_AXIS_SINCE = 13
"""Before this opset Softmax runs over all axes from `axis` on."""


def softmax(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Softmax of codes, rounded once; a positive factor behind it joins the scale of the result."""
    source = uniform_grid(lowering, node)
    codes = source.node.type.range
    if codes.size > MOST_CODES:
        raise lowering.graph.refuse(
            node,
            "its input has too many codes",
            found=f"{codes.size:,} codes",
            expected=f"at most {MOST_CODES:,}",
            fix="quantize the input of the Softmax to 8 bits",
        )
    axis, flat = _axis(node, source.node.type.shape)
    x = source.node
    if flat != x.type.shape:
        x = lowering.emit(Reshape(flat), (x,), f"{lowering.named(node)}_flat", (node,))
    ratio = _gain(lowering, node, finish) * _codes_of_one(finish.quant)
    bits = fraction_bits(flat[axis], ratio)
    op = Softmax(axis, source.quant.scale[0], ratio, finish.quant.zero_point[0], finish.quant.codes, bits)
    result = lowering.emit(
        op, (x,), lowering.named(node), finish.path, "" if flat != source.node.type.shape else finish.tensor
    )
    if flat == source.node.type.shape:
        return result
    shaped = Reshape(source.node.type.shape)
    return lowering.emit(shaped, (result,), f"{lowering.named(node)}_shaped", (node,), finish.tensor)


def _axis(node: QuantNode, shape: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """The axis to run over, in the shape to see the operand in."""
    if node.version >= ONE_AXIS_SINCE:
        return int(node.attributes.get("axis", -1)) % len(shape), shape
    axis = int(node.attributes.get("axis", 1)) % len(shape)
    if prod(shape[axis + 1 :]) == 1:
        return axis, shape
    return 1, (prod(shape[:axis]), prod(shape[axis:]))


def _codes_of_one(quant: Quant) -> Fraction:
    """Steps of the result from 0 to 1. onnxruntime's QLinearSoftmax takes a whole number of them, rounded down."""
    if quant.dialect == "real":
        return 1 / quant.scale[0]
    return Fraction(int(np.float32(1) / nearest_float32(quant.scale[0])))


def _gain(lowering: Lowering, node: QuantNode, finish: Finish) -> Fraction:
    """The factor between the Softmax and its QuantizeLinear."""
    line = as_affine_clip(finish.expression)
    plain = line is not None and finish.expression.is_uniform and not line.clips
    even = finish.quant.rounding == "half_even" and finish.quant.added % 2 == 0
    if plain and even and line.shift.item() == 0 and line.gain.item() > 0 and finish.quant.per_tensor:
        return Fraction(line.gain.item())
    raise lowering.graph.refuse(
        finish.path[min(1, len(finish.path) - 1)],
        "this function of a Softmax is not supported",
        found=f"{finish.expression}, rounded {finish.quant.rounding}",
        expected="a QuantizeLinear behind the Softmax, with one scale, that rounds half to even",
        fix="quantize the output of the Softmax as well",
    )
