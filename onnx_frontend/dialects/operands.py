# SPDX-License-Identifier: Apache-2.0
"""Operands of operators that name the scales and zero points of their inputs themselves."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import onnx_ir as ir

from onnx_frontend.dialects.builder import Builder, fractions_of, one_or_per_channel, shape_of
from onnx_frontend.quant_graph import Quant, QuantTensor

BITS = {"INT8": (8, True), "UINT8": (8, False), "INT16": (16, True), "UINT16": (16, False)}


def at(node: ir.Node, position: int) -> ir.Value | None:
    """An input, or None where it is absent."""
    return node.inputs[position] if position < len(node.inputs) else None


def is_poisoned(builder: Builder, node: ir.Node) -> bool:
    """Whether an input lies behind something that was refused."""
    return any(v is not None and builder.tensor(v).name in builder.poisoned for v in node.inputs)


def grid(
    builder: Builder,
    node: ir.Node,
    kind: ir.DataType | None,
    scale: ir.Value | None,
    zero: ir.Value | None,
    channels: tuple[int, int] | None = None,
) -> Quant | None:
    """The grid of a tensor of type `kind` (a missing scale is 1, a missing zero point 0); None with a blocker noted.

    channels: (axis, extent) along which there may be one scale and one zero point each.
    """
    name = "undefined" if kind is None else kind.name
    if name not in BITS:
        fix = "quantize to int8 or uint8"
        builder.block(
            node, "this number format is not supported", found=name, expected="integers of 8 or 16 bits", fix=fix
        )
        return None
    given = [None if v is None else builder.tensor(v) for v in (scale, zero)]
    moving = [t.name for t in given if t is not None and not t.is_constant]
    if moving:
        builder.block(
            node,
            "its scale or zero point is computed at run time",
            found=f"'{moving[0]}' is not a constant",
            expected="a constant scale and zero point",
            fix="use static quantization: hwgen quantize MODEL --calib X.npz",
        )
        return None
    scales = np.ones(1) if given[0] is None else given[0].value.astype(np.float64).ravel()
    zeros = np.zeros(1, np.int64) if given[1] is None else given[1].value.astype(np.int64).ravel()
    if not _fit(builder, node, scales, zeros, {1} if channels is None else {1, channels[1]}):
        return None
    values = one_or_per_channel(fractions_of(scales)), one_or_per_channel([int(z) for z in zeros])
    per_channel = max(map(len, values)) > 1
    return Quant(*values, *BITS[name], axis=channels[0] if per_channel and channels else None)


def _fit(builder: Builder, node: ir.Node, scales: np.ndarray, zeros: np.ndarray, counts: set[int]) -> bool:
    """Whether scales are positive and there are as many as there may be; notes a blocker otherwise."""
    if not (np.isfinite(scales) & (scales > 0)).all():
        fix = "calibrate again with data that excites this tensor"
        builder.block(node, "its scale is no positive number", found=scales, expected="finite scales above 0", fix=fix)
        return False
    if not {scales.size, zeros.size} <= counts:
        builder.block(
            node,
            "its scales do not fit the tensor",
            found=f"{scales.size} scales and {zeros.size} zero points",
            expected=" or ".join(map(str, sorted(counts))),
            fix="quantize activations per tensor, and weights per tensor or per output channel",
        )
        return False
    return True


def operand(builder: Builder, node: ir.Node, position: int, quant: Quant) -> str | None:
    """The tensor that holds input `position` on a grid: the codes themselves, or the same codes read once more."""
    value = node.inputs[position]
    source = builder.tensor(value)
    name = f"{value.name}:{node.outputs[0].name}:{position}"
    if source.is_constant:
        codes = source.value.astype(np.int64)
        builder.tensors[name] = QuantTensor(name, source.shape, quant, codes, source.dtype)
        return name
    if source.quant is None:
        builder.block(
            node,
            "it computes with integers that are no codes",
            found=f"'{value.name}', {source.dtype}, computed in the graph",
            expected="codes of a quantized tensor, a constant, or a graph input",
            fix="quantize the tensor with a QuantizeLinear",
        )
        return None
    if source.quant.same_grid(quant):
        return source.name
    label = node.name or node.outputs[0].name
    builder.add(node, "DequantizeLinear", [source.name], name=label, outputs=(name,), attributes={}, domain="")
    builder.tensors[name] = QuantTensor(name, source.shape, replace(quant, narrow=source.quant.codes))
    return name


def add_real(builder: Builder, node: ir.Node, op: str, inputs: list[str], output: str, attributes: dict) -> None:
    """Append the operator of the standard that a node carries out over real numbers."""
    imports = builder.model.opset_imports
    version = int(attributes.pop("opset", imports.get("", imports.get("ai.onnx", 1))))
    label = node.name or node.outputs[0].name
    builder.add(node, op, inputs, name=label, outputs=(output,), attributes=attributes, domain="", version=version)
    builder.tensors[output] = QuantTensor(output, shape_of(node.outputs[0]))


def bias(builder: Builder, node: ir.Node, position: int, x: Quant, w: Quant) -> str | None:
    """An int32 bias, whose scale is exactly that of the sums: none is written in the file."""
    value = node.inputs[position]
    source = builder.tensor(value)
    if not source.is_constant:
        builder.block(
            node,
            "its bias is computed at run time",
            found=f"'{value.name}' is not a constant",
            expected="a constant bias",
            fix="write it as a QLinearAdd behind it",
        )
        return None
    name = f"{value.name}:{node.outputs[0].name}:{position}"
    scale: tuple[Fraction, ...] = tuple(x.scale[0] * s for s in w.scale)
    quant = Quant(scale, (0,), 32, True, axis=-1 if len(scale) > 1 else None)
    builder.tensors[name] = QuantTensor(name, source.shape, quant, source.value.astype(np.int64), source.dtype)
    return name
