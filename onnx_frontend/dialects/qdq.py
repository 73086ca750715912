# SPDX-License-Identifier: Apache-2.0
"""QDQ: QuantizeLinear and DequantizeLinear around float operators, of the ONNX standard or of com.microsoft."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx_ir as ir

from hwgen.numerics.range import IntRange
from onnx_frontend.dialects.builder import (
    CODE_TYPES,
    Builder,
    fractions_of,
    one_or_per_channel,
    read_plain,
    shape_of,
)
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.dialects.fine_grid import needs_fine_grid, read_fine_grid
from onnx_frontend.dialects.indices import index_quant
from onnx_frontend.dialects.scales import read_scales
from onnx_frontend.quant_graph import Quant, QuantTensor, quantize_float32

BITS = {**CODE_TYPES, "INT32": (32, True)}
FLOATS = {"FLOAT16": 16, "BFLOAT16": 16, "FLOAT": 32, "DOUBLE": 64}


def read_quantize(builder: Builder, node: ir.Node) -> None:
    """QuantizeLinear: the one node that rounds. Over a constant it is done here, in float32 as the standard says."""
    out = node.outputs[0]
    source = builder.tensor(node.inputs[0])
    if _is_edge_of_blocks(node, source):
        return _read_blocks(builder, node)
    lost = source.name in builder.poisoned
    quant = None if lost else quant_of(builder, node, out.dtype, source)
    builder.codes.add(out.name)
    if quant is None:
        builder.poison(node)
    elif source.is_constant and source.quant is None:
        builder.codes.add(out.name)
        builder.give(out, quant, quantize_float32(source.value, quant))
    else:
        builder.add(node, "QuantizeLinear", [source.name], attributes={})
        builder.give(out, quant)


def _is_edge_of_blocks(node: ir.Node, source: QuantTensor) -> bool:
    """Whether a node with scales per block only gives an output of the model: then it runs on the host."""
    blocks = "block_size" in node.attributes and node.attributes["block_size"].as_int() > 0
    out = node.outputs[0]
    return blocks and not source.is_constant and out.is_graph_output() and not out.consumers()


def _read_blocks(builder: Builder, node: ir.Node) -> None:
    if read_scales(builder, node) is None:
        return builder.poison(node)
    names = [builder.tensor(v).name for v in node.inputs if v is not None]
    builder.add(node, f"Block{node.op_type}", names, domain="")
    return builder.give(node.outputs[0])


def read_dequantize(builder: Builder, node: ir.Node) -> None:
    """DequantizeLinear: another name for the tensor of codes, unless it reads the codes on another grid."""
    value, out = node.inputs[0], node.outputs[0]
    source = builder.tensor(value)
    if needs_fine_grid(node, value, source):
        return read_fine_grid(builder, node)
    if _is_edge_of_blocks(node, source):
        return _read_blocks(builder, node)
    quant = None if source.name in builder.poisoned else quant_of(builder, node, value.dtype, source)
    if quant is None:
        builder.poison(node)
    elif source.is_constant and source.quant is None:
        builder.tensors[out.name] = QuantTensor(
            out.name, source.shape, quant, source.value.astype(np.int64), source.dtype
        )
    elif source.quant is None:
        builder.block(
            node,
            "these integers do not come from a QuantizeLinear",
            found=f"'{value.name}', {source.dtype}, computed in the graph",
            expected="codes of a quantized tensor, a constant, or a graph input",
            fix="quantize the tensor with a QuantizeLinear",
        )
        builder.poison(node)
    elif source.quant.same_grid(quant):
        builder.alias[out.name] = source.name
    else:
        builder.add(node, "DequantizeLinear", [source.name], attributes={})
        builder.give(out, replace(quant, narrow=source.quant.codes))
    return None


def read_clip(builder: Builder, node: ir.Node) -> None:
    """Clip; right behind a QuantizeLinear it narrows the codes (how sub-8-bit grids are written in QCDQ)."""
    value = node.inputs[0]
    if value.name not in builder.codes:
        return read_plain(builder, node)
    source = builder.tensor(value)
    bounds = [builder.tensor(v) for v in (*node.inputs[1:], None, None)[:2]]
    lo, hi = (
        int(t.value) if t is not None and t.is_constant else end for t, end in zip(bounds, _ends(source), strict=True)
    )
    narrow = IntRange(max(lo, source.quant.codes.lo), min(hi, source.quant.codes.hi))
    if source.is_constant:
        builder.codes.add(node.outputs[0].name)
        builder.give(node.outputs[0], _narrowed(source.quant, narrow), np.clip(source.value, narrow.lo, narrow.hi))
        return None
    maker = next((n for n in builder.nodes if source.name in n.outputs), None)
    out = node.outputs[0]
    builder.codes.add(out.name)
    if (
        maker is not None
        and maker.op == "QuantizeLinear"
        and len(value.consumers()) == 1
        and not value.is_graph_output()
    ):
        builder.nodes[builder.nodes.index(maker)] = replace(maker, outputs=(out.name,))
    else:
        builder.add(node, "QuantizeLinear", [source.name], attributes={})
    builder.give(out, _narrowed(source.quant, narrow))
    return None


def _ends(source: QuantTensor) -> tuple[int, int]:
    return source.quant.codes.lo, source.quant.codes.hi


def _narrowed(quant: Quant, narrow: IntRange) -> Quant:
    return replace(quant, bits=narrow.width, signed=narrow.signed, narrow=narrow)


def read_cast(builder: Builder, node: ir.Node) -> None:
    """Cast of codes to another integer type that holds them all: the same codes. Cast of reals to a wider float type,
    or of dequantized reals to any: the same reals."""
    value, out = node.inputs[0], node.outputs[0]
    source = builder.tensor(value)
    target = out.dtype.name if out.dtype is not None else ""
    if value.name in builder.codes and target in BITS and source.quant.codes in IntRange.of_bits(*BITS[target]):
        builder.alias[out.name] = source.name
        builder.codes.add(out.name)
    elif target in FLOATS and value.name not in builder.codes and _keeps_reals(value, source, target):
        builder.alias[out.name] = source.name
    else:
        read_plain(builder, node)


def _keeps_reals(value: ir.Value, source: QuantTensor, target: str) -> bool:
    kind = value.dtype.name if value.dtype is not None else ""
    return kind in FLOATS and (source.quant is not None or FLOATS[kind] < FLOATS[target])


def read_input(builder: Builder, value: ir.Value) -> None:
    """A graph input. Integers of a code type are codes of the grid on which the first DequantizeLinear reads them.

    Others may be indices of a quantized table.
    """
    quant = index_quant(value)
    if value.dtype is not None and value.dtype.name in CODE_TYPES:
        builder.codes.add(value.name)
        bits, signed = BITS[value.dtype.name]
        reader, whole = _first_dequantize(value), QuantTensor(value.name, shape_of(value))
        one_grid = reader is not None and "block_size" not in reader.attributes
        found = quant_of(builder, reader, value.dtype, whole) if one_grid else None
        quant = found or Quant(tuple(fractions_of(np.ones(1))), (0,), bits, signed)
    builder.give(value, quant)


def _first_dequantize(value: ir.Value) -> ir.Node | None:
    waiting, seen = [value], set()
    while waiting:
        for node in waiting.pop(0).consumers():
            if node.op_type == "DequantizeLinear":
                return node
            if node not in seen:
                seen.add(node)
                waiting += node.outputs
    return None


def quant_of(builder: Builder, node: ir.Node, dtype: ir.DataType | None, source: QuantTensor | None) -> Quant | None:
    """The grid that a Q or DQ node names, or None (with a blocker noted) where it names none that can be built."""
    kind = dtype.name if dtype is not None else "undefined"
    if kind not in BITS:
        builder.block(
            node,
            "this number format is not supported",
            found=kind,
            expected="integers of 2 to 32 bits",
            fix="quantize to int8 or uint8",
        )
        return None
    read = read_scales(builder, node)
    if read is None:
        return None
    scales, zeros = read
    scale, zero = one_or_per_channel(fractions_of(scales)), one_or_per_channel([int(z) for z in zeros.ravel()])
    quant = Quant(scale, zero, *BITS[kind])
    if len(scale) == 1 and len(zero) == 1:
        return quant
    return _per_channel(builder, node, quant, scales.ndim, None if source is None else source.shape)


def _per_channel(
    builder: Builder, node: ir.Node, quant: Quant, scale_rank: int, shape: tuple[int, ...] | None
) -> Quant | None:
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 1
    rank = 1 if shape is None else len(shape)
    axis += rank if axis < 0 else 0
    extent = None if shape is None or axis >= rank else shape[axis]
    counts = {len(quant.scale), len(quant.zero_point)}
    if scale_rank > 1:
        builder.block(
            node,
            "an activation has block-wise scales",
            found=f"{len(quant.scale)} scales",
            expected="one scale for the tensor; blocks only in constant weights",
            fix="quantize activations per tensor",
        )
        return None
    if extent not in counts or not counts <= {1, extent}:
        found = f"{len(quant.scale)} scales and {len(quant.zero_point)} zero points for axis {axis} of {shape}"
        builder.block(
            node,
            "its scales do not fit the tensor",
            found=found,
            expected="one, or one per channel",
            fix="export it again",
        )
        return None
    return replace(quant, axis=axis)


def read_dynamic(builder: Builder, node: ir.Node) -> None:
    """DynamicQuantizeLinear: its scale depends on the data of each frame."""
    builder.block(
        node,
        "its scale and zero point are computed at run time",
        found="dynamic quantization",
        expected="constant scales",
        fix=f"quantize statically: hwgen quantize FLOAT_MODEL --calib X.npz (from the float model of {builder.file})",
    )
    builder.poison(node)


DIALECT = Dialect(
    {
        ("", "QuantizeLinear"): read_quantize,
        ("", "DequantizeLinear"): read_dequantize,
        ("", "Clip"): read_clip,
        ("", "Cast"): read_cast,
        ("", "DynamicQuantizeLinear"): read_dynamic,
    },
    read_input=read_input,
)
