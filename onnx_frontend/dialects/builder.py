# SPDX-License-Identifier: Apache-2.0
"""What all dialects share while a model is read: names, constants, and which integers are codes of what."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, overload

import numpy as np
import onnx_ir as ir

from hwgen.errors import Blocker
from onnx_frontend.evaluate_node import evaluate_node, has_subgraph
from onnx_frontend.propagate import STANDARD, place
from onnx_frontend.quant_graph import Quant, QuantGraph, QuantNode, QuantOutput, QuantTensor, dequantize_float32

CODE_TYPES = {
    "INT2": (2, True), "UINT2": (2, False), "INT4": (4, True), "UINT4": (4, False), "INT8": (8, True),
    "UINT8": (8, False), "INT16": (16, True), "UINT16": (16, False),
}  # fmt: skip
"""Bits and sign of the types whose integers are codes."""
MOVES = {
    "Reshape",
    "Transpose",
    "Squeeze",
    "Unsqueeze",
    "Flatten",
    "Slice",
    "Split",
    "Concat",
    "Gather",
    "GatherElements",
    "Expand",
    "Tile",
    "Identity",
}
INTEGER_ARITHMETIC = {"Add", "Sub", "Mul", "Max", "Min", "Relu", "Abs", "Neg"}
"""Operators that mean the same on integers as on the real numbers that they are, as long as nothing overflows."""
ORDER = {"ArgMax", "ArgMin", "TopK"}
"""Operators that only compare: codes are in the order of the numbers that they mean."""
ON_CODES = MOVES | {"MaxPool", "Pad", "Resize", "Upsample", "DepthToSpace", "SpaceToDepth", "ReduceMax", "ReduceMin"}

Reader = Callable[["Builder", ir.Node], None]


@dataclass
class Builder:
    """A QuantGraph under construction.

    alias: ONNX value name -> tensor name, where the two differ (the output of a DequantizeLinear is its input's
    tensor seen as real numbers). codes: ONNX values whose integers are codes of a quantized tensor.
    poisoned: tensors behind something that was refused: what only reads them is not refused again.
    """

    model: ir.Model
    nodes: list[QuantNode] = field(default_factory=list)
    tensors: dict[str, QuantTensor] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    codes: set[str] = field(default_factory=set)
    blockers: list[Blocker] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)

    @property
    def file(self) -> str:
        return str(self.model.meta.get("file", "the model"))

    def opset(self, node: ir.Node) -> int:
        imports = self.model.opset_imports
        return imports.get("", imports.get("ai.onnx", 1)) if node.domain in STANDARD else imports.get(node.domain, 1)

    def block(self, node: ir.Node, what: str, *, found: object, expected: object, fix: str) -> None:
        """Note a reason why the model cannot be built, and go on."""
        name = node.name or node.outputs[0].name
        self.blockers.append(Blocker(place(node, self.file), what, str(found), str(expected), fix, name, node.op_type))

    @overload
    def tensor(self, value: ir.Value) -> QuantTensor: ...
    @overload
    def tensor(self, value: None) -> None: ...
    def tensor(self, value: ir.Value | None) -> QuantTensor | None:
        """The tensor behind an ONNX value; constants are taken in on first sight."""
        if value is None:
            return None
        name = self.alias.get(value.name, value.name)
        if name not in self.tensors:
            constant = None if value.const_value is None else value.const_value.numpy()
            self.tensors[name] = QuantTensor(name, shape_of(value), None, constant, dtype_of(value))
        return self.tensors[name]

    def give(self, value: ir.Value, quant: Quant | None = None, constant: np.ndarray | None = None) -> QuantTensor:
        """Declare the tensor that a node computes."""
        shape = shape_of(value) if constant is None else constant.shape
        self.tensors[value.name] = QuantTensor(value.name, shape, quant, constant, dtype_of(value))
        return self.tensors[value.name]

    def add(self, node: ir.Node, op: str, inputs: list[str], **changes: object) -> None:
        """Append a node; it keeps the name, place, outputs and attributes of the ONNX node unless told otherwise."""
        plain = QuantNode(
            op,
            node.name or "",
            tuple(inputs),
            tuple(v.name for v in node.outputs),
            attributes_of(node),
            node.meta.get("index"),
            "" if node.domain in STANDARD else node.domain,
            self.opset(node),
        )
        self.nodes.append(replace(plain, **changes))

    def poison(self, node: ir.Node) -> None:
        """Give the outputs of a refused node as if they were readable, so that reading can go on."""
        for value in (v for v in node.outputs if v.name):
            self.give(value, Quant((Fraction(1),), (0,), 8, True))
            self.poisoned.add(value.name)

    def finish(self) -> QuantGraph:
        outputs = []
        for value in self.model.graph.outputs:
            tensor = self.tensor(value)
            outputs.append(QuantOutput(value.name, tensor.name, value.name in self.codes))
        inputs = tuple(v.name for v in self.model.graph.inputs)
        made = {name for node in self.nodes for name in node.outputs}
        unreadable = tuple(t for t in self.tensors if t in self.poisoned and t not in made)
        names = {name: self.alias[name] for name in self.alias if self.alias[name] in self.tensors}
        return QuantGraph(self.file, tuple(self.nodes), dict(self.tensors), inputs, tuple(outputs), names, unreadable)


def read_plain(builder: Builder, node: ir.Node) -> None:
    """A node of no dialect: an operator over the reals, or one that moves codes."""
    inputs = [builder.tensor(v) for v in node.inputs]
    if any(t is not None and t.name in builder.poisoned for t in inputs):
        return builder.poison(node)
    if any(v is not None and v.name in builder.codes for v in node.inputs):
        return _read_on_codes(builder, node, inputs)
    if inputs and all(t is None or t.is_constant for t in inputs) and _fold(builder, node, inputs):
        return None
    foreign = node.domain not in (*STANDARD, "com.microsoft")  # its Add need not be the Add that we know
    names, changes = [t.name if t else "" for t in inputs], {"domain": ""} if foreign else {}
    builder.add(node, f"{node.domain}.{node.op_type}" if foreign else node.op_type, names, **changes)
    for value in node.outputs:
        builder.give(value)
    return None


def _read_on_codes(builder: Builder, node: ir.Node, inputs: list[QuantTensor | None]) -> None:
    coded = [t for v, t in zip(node.inputs, inputs, strict=True) if v is not None and v.name in builder.codes]
    quant = coded[0].quant
    if has_subgraph(node):
        builder.block(
            node,
            "there is no kernel for loops and branches",
            found=f"{node.op_type} with a graph inside",
            expected="operators in one graph",
            fix="unroll it before the export, or build the part in front of it: --to TENSOR",
        )
        return builder.poison(node)
    out = node.outputs[0]
    if node.op_type in INTEGER_ARITHMETIC and all(t.quant.is_plain for t in coded) and is_code_type(out.dtype):
        return _read_integer_arithmetic(builder, node, [t.name if t else "" for t in inputs])
    if node.op_type in ORDER and all(
        t.quant.per_tensor and (t.quant.is_plain or len(node.outputs) == 1) for t in coded
    ):
        return _read_order(builder, node, [t.name if t else "" for t in inputs])
    if node.op_type not in ON_CODES or any(t.quant != quant for t in coded):
        builder.block(
            node,
            "this operator computes on raw integer codes",
            found=f"{node.op_type} between a QuantizeLinear and a DequantizeLinear",
            expected="only operators that move codes there",
            fix="put the DequantizeLinear in front of it",
        )
        return builder.poison(node)
    names = []
    for tensor in inputs:
        if tensor is not None and tensor.is_constant and tensor.dtype == coded[0].dtype:
            tensor = replace(tensor, name=f"{tensor.name}:code", quant=quant)
            builder.tensors[tensor.name] = tensor
        names.append(tensor.name if tensor else "")
    builder.add(node, node.op_type, names)
    for value in node.outputs:
        builder.give(value, quant)
        builder.codes.add(value.name)
    return None


def _read_integer_arithmetic(builder: Builder, node: ir.Node, inputs: list[str]) -> None:
    """Integers are a grid of scale 1: the operator over the reals, then saturated to the type of its result."""
    out = node.outputs[0]
    real = f"{out.name}:real"
    builder.tensors[real] = QuantTensor(real, shape_of(out))
    builder.add(node, node.op_type, inputs, outputs=(real,))
    quant = Quant((Fraction(1),), (0,), *CODE_TYPES[out.dtype.name])
    builder.add(node, "QuantizeLinear", [real], name="", attributes={})
    builder.give(out, quant)
    builder.codes.add(out.name)


def _read_order(builder: Builder, node: ir.Node, inputs: list[str]) -> None:
    """What comes out are places, and of a TopK the numbers themselves: no codes."""
    builder.add(node, node.op_type, inputs)
    for value in node.outputs:
        builder.give(value)


def _fold(builder: Builder, node: ir.Node, inputs: list[QuantTensor | None]) -> bool:
    """A node over constants only. Moves keep the codes and the grid; anything else becomes float32 numbers."""
    quantized = [t for t in inputs if t is not None and t.quant is not None]
    moved = node.op_type in MOVES and len(quantized) == 1 and inputs[0] is quantized[0]
    arrays = [
        None if t is None else t.value if t.quant is None or moved else dequantize_float32(t.value, t.quant)
        for t in inputs
    ]
    results = evaluate_node(node, arrays, builder.opset(node))
    if results is None:
        return False
    for k, (value, result) in enumerate(zip((v for v in node.outputs if v.name), results, strict=True)):
        if not moved:
            builder.give(value, None, result)
            continue
        axis = _moved_axis(builder, node, arrays, quantized[0], k)
        builder.give(value, replace(quantized[0].quant, axis=axis), result)
    return True


def _moved_axis(builder: Builder, node: ir.Node, arrays: list, source: QuantTensor, output: int) -> int | None:
    """Where the channel axis of a constant went: found by moving the channel numbers along."""
    quant = source.quant
    if quant.axis is None or quant.per_tensor:
        return quant.axis
    shape = [1] * len(source.shape)
    shape[quant.axis] = -1
    numbers = np.broadcast_to(np.arange(source.shape[quant.axis]).reshape(shape), source.shape)
    moved = evaluate_node(node, [numbers.astype(np.int32), *arrays[1:]], builder.opset(node))[output]
    for axis, extent in enumerate(moved.shape):
        expected = np.arange(extent).reshape([-1 if a == axis else 1 for a in range(moved.ndim)])
        if extent == source.shape[quant.axis] and np.array_equal(moved, np.broadcast_to(expected, moved.shape)):
            return axis
    builder.block(
        node,
        "it tears the channels of a quantized constant apart",
        found=f"{node.op_type} of per-channel weights along axis {quant.axis}",
        expected="a move that keeps the channel axis whole",
        fix="quantize these weights per tensor",
    )
    return None


def attributes_of(node: ir.Node) -> dict[str, Any]:
    """Attributes as Python values; tensors as arrays; subgraphs by their type only."""
    plain: dict[str, Any] = {}
    for name, attribute in node.attributes.items():
        if attribute.type in (ir.AttributeType.GRAPH, ir.AttributeType.GRAPHS):
            plain[name] = "graph"
        elif attribute.type == ir.AttributeType.TENSOR:
            plain[name] = attribute.value.numpy()
        elif isinstance(attribute.value, (list, tuple)):
            plain[name] = tuple(attribute.value)
        else:
            plain[name] = attribute.value
    return plain


def is_code_type(dtype: ir.DataType | None) -> bool:
    return dtype is not None and dtype.name in CODE_TYPES


def shape_of(value: ir.Value) -> tuple[int, ...] | None:
    return None if value.shape is None else tuple(int(d) for d in value.shape.numpy())


def dtype_of(value: ir.Value) -> str:
    """The NumPy name of the element type."""
    known = value.dtype is not None and value.dtype not in (ir.DataType.UNDEFINED, ir.DataType.STRING)
    return str(value.dtype.numpy()) if known else "undefined"


def one_or_per_channel(values: list) -> tuple:
    """A tuple with one entry where all are the same."""
    return tuple(values[:1]) if len(set(values)) == 1 else tuple(values)


def fractions_of(scale: np.ndarray) -> list[Fraction]:
    return [Fraction(float(s)) for s in np.asarray(scale, np.float64).ravel()]
