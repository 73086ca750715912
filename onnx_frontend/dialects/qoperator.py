# SPDX-License-Identifier: Apache-2.0
"""QOperator: QLinearConv and its kin, which take codes and give codes, and say every scale themselves.

Each is an operator over real numbers and a QuantizeLinear behind it, whose grid is of the dialect ``ort``: these are
onnxruntime's operators, and what it computes for them is what they mean (docs/numerics.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import onnx_ir as ir

from hwgen.numerics.float32 import dequantize, nearest_float32, quantize
from onnx_frontend.dialects.builder import ON_CODES, Builder, Reader, attributes_of, fractions_of
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.dialects.operands import add_real, at, bias, grid, is_poisoned, operand
from onnx_frontend.quant_graph import Quant

MICROSOFT = "com.microsoft"
NOT_OF_THE_STANDARD = ("channels_last",)


@dataclass(frozen=True)
class Layout:
    """Where a QOperator has what: op: its twin over real numbers; operands: positions of (codes, scale, zero point);
    result: position of the output's scale, the zero point behind it; bias: position, or 0 where there is none.
    weights: the axis of the output channels of the second operand, where that is a matrix of weights.
    """

    op: str
    operands: tuple[int, ...]
    result: int
    bias: int = 0
    weights: Callable[[ir.Node], int] | None = None


def _columns(node: ir.Node) -> int:
    """Axis of the output channels in the B of a Gemm."""
    return 0 if "transB" in node.attributes and node.attributes["transB"].as_int() else 1


UNARY = {"QLinearSigmoid": "Sigmoid", "QLinearLeakyRelu": "LeakyRelu", "QLinearSoftmax": "Softmax",
         "QLinearAveragePool": "AveragePool", "QLinearGlobalAveragePool": "GlobalAveragePool"}  # fmt: skip
LAYOUTS: dict[tuple[str, str], Layout] = {
    ("", "QLinearConv"): Layout("Conv", (0, 3), 6, 8, lambda node: 0),
    ("", "QLinearMatMul"): Layout("MatMul", (0, 3), 6, 0, lambda node: -1),
    (MICROSOFT, "QGemm"): Layout("Gemm", (0, 3), 7, 6, _columns),
    (MICROSOFT, "QLinearAdd"): Layout("Add", (0, 3), 6),
    (MICROSOFT, "QLinearMul"): Layout("Mul", (0, 3), 6),
    **{(MICROSOFT, name): Layout(op, (0,), 3) for name, op in UNARY.items()},
}


def read_qoperator(builder: Builder, node: ir.Node, layout: Layout) -> None:
    """One QOperator with a fixed number of operands."""
    out = node.outputs[0]
    if is_poisoned(builder, node) or not _takes(builder, node):
        return _refused(builder, node)
    quants = [_operand_grid(builder, node, k, layout) for k in layout.operands]
    gives_codes = at(node, layout.result) is not None
    result = _result(builder, node, layout.result) if gives_codes else None
    if None in quants or (gives_codes and result is None):
        return _refused(builder, node)
    names = [operand(builder, node, k, q) for k, q in zip(layout.operands, quants, strict=True)]
    if layout.bias and at(node, layout.bias) is not None:
        names.append(bias(builder, node, layout.bias, *quants))
    if None in names:
        return _refused(builder, node)
    attributes = {k: v for k, v in attributes_of(node).items() if k not in (*NOT_OF_THE_STANDARD, *_absorbed(layout))}
    real = f"{out.name}:real" if gives_codes else out.name
    add_real(builder, node, layout.op, names, real, attributes)
    if result is not None:
        _quantize(builder, node, real, result)
    return None


def _takes(builder: Builder, node: ir.Node) -> bool:
    """Whether no attribute asks for what there is not; notes a blocker otherwise."""
    last = node.attributes.get("channels_last")
    if last is not None and last.as_int():
        builder.block(
            node,
            "its channels are the last axis",
            found="channels_last=1",
            expected="channels_last=0",
            fix="quantize the original model: onnxruntime's NHWC transformer made this one",
        )
        return False
    if _alpha(node) <= 0:
        fix = "negate the weights instead"
        builder.block(node, "it turns the sign", found=f"alpha={_alpha(node)}", expected="alpha above 0", fix=fix)
        return False
    return True


def _alpha(node: ir.Node) -> float:
    gemm = node.op_type == "QGemm" and "alpha" in node.attributes
    return node.attributes["alpha"].as_float() if gemm else 1.0


def _absorbed(layout: Layout) -> tuple[str, ...]:
    return ("alpha",) if layout.op == "Gemm" else ()


def _operand_grid(builder: Builder, node: ir.Node, position: int, layout: Layout) -> Quant | None:
    value, scale, zero = (at(node, position + k) for k in range(3))
    channels = None
    if position and layout.weights is not None:
        shape = builder.tensor(value).shape
        axis = layout.weights(node) % len(shape)
        channels = (axis, shape[axis])
    found = grid(builder, node, value.dtype, scale, zero, channels)
    if found is None or position or _alpha(node) == 1:
        return found
    return replace(found, scale=tuple(fractions_of([nearest_float32(found.scale[0]) * nearest_float32(_alpha(node))])))


def _result(builder: Builder, node: ir.Node, position: int) -> Quant | None:
    found = grid(builder, node, node.outputs[0].dtype, at(node, position), at(node, position + 1))
    return None if found is None else replace(found, dialect="ort")


def _quantize(builder: Builder, node: ir.Node, real: str, quant: Quant) -> None:
    out = node.outputs[0]
    label = node.name or out.name
    builder.add(node, "QuantizeLinear", [real], name=label, outputs=(out.name,), attributes={}, domain="")
    builder.give(out, quant)
    builder.codes.add(out.name)


def _refused(builder: Builder, node: ir.Node) -> None:
    builder.codes.update(v.name for v in node.outputs)
    builder.poison(node)


def read_concat(builder: Builder, node: ir.Node) -> None:
    """QLinearConcat: every input is brought to the grid of the output by itself, then the codes are joined."""
    out = node.outputs[0]
    result = None if is_poisoned(builder, node) else _result(builder, node, 0)
    starts = range(2, len(node.inputs), 3)
    quants = (
        []
        if result is None
        else [grid(builder, node, node.inputs[k].dtype, *node.inputs[k + 1 : k + 3]) for k in starts]
    )
    if result is None or None in quants:
        return _refused(builder, node)
    parts = []
    for k, quant in zip(starts, quants, strict=True):
        name = operand(builder, node, k, quant)
        if name is None:
            return _refused(builder, node)
        parts.append(name if quant.same_grid(result) else _regrid(builder, node, name, result))
    add_real(builder, node, "Concat", parts, out.name, attributes_of(node))
    builder.give(out, result)
    builder.codes.add(out.name)
    return None


def _regrid(builder: Builder, node: ir.Node, source: str, quant: Quant) -> str:
    """The codes of a part on the grid of the whole."""
    known, name = builder.tensors[source], f"{source}:of:{node.outputs[0].name}"
    value = None
    if known.is_constant:
        reals = dequantize(known.value, known.quant.scale[0], known.quant.zero_point[0])
        value = quantize(reals, quant.scale[0], quant.zero_point[0], quant.codes)
    else:
        label = node.name or node.outputs[0].name
        builder.add(node, "QuantizeLinear", [source], name=label, outputs=(name,), attributes={}, domain="")
    builder.tensors[name] = replace(known, name=name, quant=quant, value=value)
    return name


def read_input(builder: Builder, value: ir.Value) -> None:
    """A graph input of codes that a QOperator reads first, perhaps after moves: the grid that it names."""
    waiting = [value] if value.name in builder.codes else []
    while waiting:
        seen = waiting.pop(0)
        for node in seen.consumers():
            layout = LAYOUTS.get((node.domain, node.op_type))
            positions = [] if layout is None else [k for k in layout.operands if node.inputs[k] is seen]
            if positions:
                found = _operand_grid(Builder(builder.model), node, positions[0], layout)
                if found is not None:
                    builder.give(value, found)
                return
            waiting += node.outputs if node.op_type in ON_CODES and node.inputs[0] is seen else []


def _reader(layout: Layout) -> Reader:
    return lambda builder, node: read_qoperator(builder, node, layout)


DIALECT = Dialect(
    {
        **{key: _reader(layout) for key, layout in LAYOUTS.items()},
        (MICROSOFT, "QLinearConcat"): read_concat,
    },
    read_input=read_input,
)
