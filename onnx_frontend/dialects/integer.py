# SPDX-License-Identifier: Apache-2.0
"""ConvInteger and MatMulInteger: exact sums of products of codes minus zero points, scaled by float operators behind.

Over the real numbers the sum is an operator between grids of scale 1; the Cast to float that follows changes nothing,
and the Mul, Add and Relu behind it join the rounding at the next QuantizeLinear.
"""

from __future__ import annotations

import onnx_ir as ir

from onnx_frontend.dialects import qdq
from onnx_frontend.dialects.builder import Builder, attributes_of
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.dialects.operands import add_real, at, grid, is_poisoned, operand

FLOATS = ("FLOAT", "DOUBLE", "FLOAT16", "BFLOAT16")


def read_conv(builder: Builder, node: ir.Node) -> None:
    """ConvInteger: inputs x, w and their zero points, that of w per output channel or one."""
    _read(builder, node, "Conv", 0)


def read_matmul(builder: Builder, node: ir.Node) -> None:
    """MatMulInteger: inputs A, B and their zero points, that of B per column or one."""
    _read(builder, node, "MatMul", -1)


def _read(builder: Builder, node: ir.Node, op: str, axis: int) -> None:
    if is_poisoned(builder, node):
        return builder.poison(node)
    x, w = node.inputs[:2]
    shape = builder.tensor(w).shape
    axis %= len(shape)
    quants = (
        grid(builder, node, x.dtype, None, at(node, 2)),
        grid(builder, node, w.dtype, None, at(node, 3), (axis, shape[axis])),
    )
    names = [None if q is None else operand(builder, node, k, q) for k, q in enumerate(quants)]
    if None in names:
        return builder.poison(node)
    add_real(builder, node, op, names, node.outputs[0].name, attributes_of(node))
    builder.give(node.outputs[0])
    return None


def read_cast(builder: Builder, node: ir.Node) -> None:
    """Cast of such sums to float: the same numbers. Other Casts are read as in QDQ."""
    value, out = node.inputs[0], node.outputs[0]
    source = builder.tensor(value)
    maker = next((n for n in builder.nodes if source.name in n.outputs), None)
    is_sum = maker is not None and maker.op in ("Conv", "MatMul") and source.dtype == "int32"
    if is_sum and out.dtype is not None and out.dtype.name in FLOATS:
        builder.alias[out.name] = source.name
    else:
        qdq.read_cast(builder, node)


DIALECT = Dialect(
    {
        ("", "ConvInteger"): read_conv,
        ("", "MatMulInteger"): read_matmul,
        ("", "Cast"): read_cast,
    },
    refines=True,
)
