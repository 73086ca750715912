# SPDX-License-Identifier: Apache-2.0
"""NEMO's integerized networks: whole numbers in float tensors, requantization spelled out as Mul, Div, Floor and Clip.

Such a file names no grid at all. Weights are whole float numbers, ``Cast`` to int64 and a truncating ``Div`` (or a
``Floor``) round, and a ``Clip`` behind them limits the result. All scales are 1. An input is taken as unsigned bytes,
which is what these networks are made for: the file does not say.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import onnx_ir as ir

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding
from onnx_frontend.dialects.builder import MOVES, Builder, read_plain
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.dialects.qdq import BITS, read_input
from onnx_frontend.quant_graph import Quant, QuantNode, QuantTensor

WHOLE_FROM_WHOLE = MOVES | {"Conv", "MatMul", "Gemm", "Mul", "Add", "Sub", "Neg", "Relu", "MaxPool", "Pad"}
GRID_WORDS = ("Quant", "DequantizeLinear", "QLinear", "Integer", "MultiThreshold")
FLOATS = {"FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16"}
ROUNDINGS: dict[str, Rounding] = {"Floor": "floor", "Ceil": "ceil", "Round": "half_even"}
UNCLIPPED_BITS = 62
INPUT = Quant((Fraction(1),), (0,), 8, False)


def is_integerized(model: ir.Model) -> bool:
    """Whether a model divides integers and names no grid anywhere."""
    nodes = list(model.graph)
    names_grids = any(word in n.op_type for n in nodes for word in GRID_WORDS)
    return not names_grids and any(_divides_integers(n) for n in nodes)


def _divides_integers(node: ir.Node) -> bool:
    dtype = node.outputs[0].dtype
    return node.op_type == "Div" and dtype is not None and dtype.name in (*BITS, "INT64")


def read_whole_input(builder: Builder, value: ir.Value) -> None:
    """A graph input: float numbers become the bytes that they are."""
    read_input(builder, value)
    if value.dtype is None or value.dtype.name not in FLOATS:
        return
    source, codes = builder.tensors[value.name], f"{value.name}:codes"
    builder.nodes.append(QuantNode("QuantizeLinear", value.name, (source.name,), (codes,)))
    builder.tensors[codes] = QuantTensor(codes, source.shape, INPUT)
    builder.alias[value.name] = codes


def read(builder: Builder, node: ir.Node) -> None:
    """A node of an integerized network."""
    source = builder.tensor(node.inputs[0]) if len(node.inputs) else None
    if source is None or source.is_constant or source.name in builder.poisoned or node.domain:
        return read_plain(builder, node)
    if node.op_type == "Cast":
        return _read_cast(builder, node, source)
    if node.op_type in ROUNDINGS:
        return _round(builder, node, source.name, ROUNDINGS[node.op_type])
    if _divides_integers(node):
        quotient = f"{node.outputs[0].name}:real"
        builder.tensors[quotient] = QuantTensor(quotient, source.shape)
        builder.add(node, "Div", [builder.tensor(v).name for v in node.inputs], outputs=(quotient,))
        return _round(builder, node, quotient, "down")
    if node.op_type in ("Clip", "Relu") and source.quant is not None:
        return _read_clip(builder, node, source)
    return read_plain(builder, node)


def _round(builder: Builder, node: ir.Node, source: str, rounding: Rounding) -> None:
    quant = Quant((Fraction(1),), (0,), UNCLIPPED_BITS, True, rounding=rounding)
    builder.add(node, "QuantizeLinear", [source], attributes={})
    builder.give(node.outputs[0], quant)


def _read_cast(builder: Builder, node: ir.Node, source: QuantTensor) -> None:
    """To floats, or of whole numbers to integers: another name. Else the fraction is cut off."""
    target = node.outputs[0].dtype
    if target is not None and (target.name in FLOATS or is_whole(builder, source.name)):
        builder.alias[node.outputs[0].name] = source.name
    else:
        _round(builder, node, source.name, "down")


def is_whole(builder: Builder, name: str) -> bool:
    """Whether a tensor can hold whole numbers only."""
    tensor = builder.tensors[name]
    if tensor.quant is not None:
        return all(s.denominator == 1 for s in tensor.quant.scale)
    if tensor.is_constant:
        return tensor.value.dtype.kind in "iu" or bool((tensor.value == np.rint(tensor.value)).all())
    maker = next((n for n in builder.nodes if name in n.outputs), None)
    if maker is None or maker.op not in WHOLE_FROM_WHOLE:
        return False
    factors = [maker.attributes.get(k, 1.0) for k in ("alpha", "beta")]
    return all(f == int(f) for f in factors) and all(is_whole(builder, i) for i in maker.inputs if i)


def _read_clip(builder: Builder, node: ir.Node, source: QuantTensor) -> None:
    """A Clip of whole numbers narrows the codes of the rounding in front of it, if nothing else reads those."""
    codes, out = source.quant.codes, node.outputs[0]
    lo, hi = (0, None) if node.op_type == "Relu" else _bounds(builder, node)
    narrow = IntRange(
        codes.lo if lo is None else codes.clamp(-(-Fraction(lo) // 1)),
        codes.hi if hi is None else codes.clamp(Fraction(hi) // 1),
    )
    grid = replace(source.quant, bits=narrow.width, signed=narrow.signed, narrow=narrow)
    maker = next((n for n in builder.nodes if source.name in n.outputs), None)
    if maker is not None and maker.op == "QuantizeLinear" and _is_read_once(builder, node.inputs[0], source.name):
        builder.nodes[builder.nodes.index(maker)] = replace(maker, outputs=(out.name,))
    else:
        builder.add(node, "QuantizeLinear", [source.name], attributes={})
    builder.give(out, grid)


def _bounds(builder: Builder, node: ir.Node) -> list[float | None]:
    if len(node.inputs) > 1:
        given = [builder.tensor(v) for v in (*node.inputs[1:], None)[:2]]
        return [None if t is None else float(t.value) for t in given]
    return [node.attributes[k].as_float() if k in node.attributes else None for k in ("min", "max")]


def _is_read_once(builder: Builder, value: ir.Value | None, tensor: str) -> bool:
    """Whether nothing but a chain of Casts leads from a tensor to this value."""
    while value is not None and len(value.consumers()) == 1 and not value.is_graph_output():
        if value.name == tensor:
            return True
        maker = value.producer()
        value = None if maker is None else maker.inputs[0]
    return False


DIALECT = Dialect(read_input=read_whole_input, owns=is_integerized, read=read)
