# SPDX-License-Identifier: Apache-2.0
"""One pass over a model, sources first: infers every shape and computes everything that does not depend on an input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx_ir as ir

from hwgen.errors import BadModel
from onnx_frontend.custom_shapes import custom_shape
from onnx_frontend.evaluate_node import evaluate_node, has_subgraph
from onnx_frontend.patterns.no_op import is_guard, passed_on

STANDARD = ("", "ai.onnx")
QUANTIZERS = ("QuantizeLinear", "DequantizeLinear")
LARGEST_FOLD = 1 << 26


def propagate(model: ir.Model, shapes: Mapping[str, tuple[int, ...]], batch: int = 1) -> ir.Model:
    """A new model for inputs of the given shapes: nodes that compute constants, and nodes that do nothing, are gone.

    batch: a leading size in the constant shape of a Reshape that becomes 1 (see `onnx_frontend.batch`). Quantize and Dequantize nodes stay, even over constants: which integers stand behind a weight must not get lost.
    """
    state = _State(model, batch)
    for name, value in model.graph.initializers.items():
        state.known[value] = ir.Value(
            name=name,
            type=ir.TensorType(value.const_value.dtype),
            shape=value.const_value.shape,
            const_value=value.const_value,
        )
    inputs = []
    for value in model.graph.inputs:
        if value.name in shapes:
            fixed = ir.Value(name=value.name, type=value.type, shape=ir.Shape(shapes[value.name]))
            state.known[value] = fixed
            inputs.append(fixed)
    for node in _sorted(model.graph):
        _visit(state, node)
    return _finish(state, inputs)


@dataclass
class _State:
    model: ir.Model
    batch: int = 1
    known: dict[ir.Value, ir.Value] = field(default_factory=dict)
    nodes: list[ir.Node] = field(default_factory=list)

    @property
    def file(self) -> str:
        return self.model.meta.get("file", "the model")

    def opset(self, domain: str) -> int:
        imports = self.model.opset_imports
        return imports.get("", imports.get("ai.onnx", 1)) if domain in STANDARD else imports.get(domain, 1)


def _sorted(graph: ir.Graph) -> list[ir.Node]:
    """Sources first; the order of the file where that already holds."""
    done: set[ir.Node] = set()
    order: list[ir.Node] = []
    for root in graph:
        stack = [root]
        while stack:
            node = stack[-1]
            todo = [p for p in node.predecessors() if p not in done and p.graph is graph] if node not in done else []
            if todo:
                stack += todo
            else:
                stack.pop()
                if node not in done:
                    done.add(node)
                    order.append(node)
    return order


def _visit(state: _State, node: ir.Node) -> None:
    inputs = [None if v is None else state.known.get(v, v) for v in node.inputs]
    if node.op_type == "Constant" and node.domain in STANDARD:
        state.known[node.outputs[0]] = _constant(node.outputs[0].name, _attribute_tensor(node))
        return
    if state.batch > 1 and node.op_type in ("Reshape", "Expand"):
        inputs[1] = _one_frame(inputs, state.batch)
    domain = "" if node.op_type in QUANTIZERS or node.domain in STANDARD else node.domain
    outputs = [ir.Value(name=v.name, type=v.type) for v in node.outputs]
    copy = ir.Node(domain, node.op_type, inputs, list(node.attributes.values()), outputs=outputs, name=node.name)
    copy.meta.update(node.meta)
    _infer(state, copy)
    same = passed_on(copy, inputs) if node.domain in STANDARD else None
    if same is not None:
        state.known[node.outputs[0]] = same
        return
    values = _fold(state, copy)
    if values is None:
        state.nodes.append(copy)
    for old, new in zip(node.outputs, outputs if values is None else values, strict=True):
        state.known[old] = new


def _one_frame(inputs: list[ir.Value | None], batch: int) -> ir.Value | None:
    """The shape operand with a leading `batch` made 1, where the data has a single frame."""
    data, shape = inputs[:2]
    numbers = None if shape is None or shape.const_value is None else shape.const_value.numpy()
    if data.shape is None or not len(data.shape) or data.shape[0] != 1 or numbers is None or numbers[:1] != [batch]:
        return shape
    return _constant(f"{shape.name}:one_frame", np.concatenate([np.ones(1, numbers.dtype), numbers[1:]]))


def _attribute_tensor(node: ir.Node) -> np.ndarray | ir.TensorProtocol:
    ((name, attribute),) = ((n, a) for n, a in node.attributes.items())
    if name == "value":
        return attribute.value
    dtype = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    return np.array(attribute.value, dtype=dtype.get(name, object))


def _constant(name: str, tensor: np.ndarray | ir.TensorProtocol) -> ir.Value:
    tensor = ir.tensor(np.asarray(tensor)) if isinstance(tensor, (np.ndarray, np.generic)) else tensor
    return ir.Value(name=name, type=ir.TensorType(tensor.dtype), shape=tensor.shape, const_value=tensor)


def _infer(state: _State, node: ir.Node) -> None:
    """Type and shape of the outputs; they stay unknown where no rule exists."""
    if node.op_type in QUANTIZERS:
        return _infer_quantizer(node)
    version = state.opset(node.domain)
    if node.domain not in STANDARD or not onnx.defs.has(node.op_type, version, ""):
        return custom_shape(node)
    schema = onnx.defs.get_schema(node.op_type, version, "")
    types, data = {}, {}
    for value in node.inputs:
        if value is not None and value.dtype is None:
            return None
        if value is not None:
            shape = None if value.shape is None else list(value.shape.numpy())
            types[value.name] = onnx.helper.make_tensor_type_proto(int(value.dtype), shape)
            if value.const_value is not None and value.const_value.size <= 1 << 10:
                data[value.name] = ir.to_proto(value.const_value)
    try:
        imports = [onnx.helper.make_opsetid("", version)]
        result = onnx.shape_inference.infer_node_outputs(
            schema, ir.to_proto(node), types, data, opset_imports=imports, ir_version=10
        )
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError) as error:
        reason = str(error).strip().splitlines()[0]
        fix = "check the node's attributes, or the shapes given with --shape"
        raise BadModel.of(
            place(node, state.file),
            "its shape cannot be computed",
            found=reason,
            expected="inputs that fit together",
            fix=fix,
        ) from error
    for value in node.outputs:
        if value.name in result:
            _set_type(value, result[value.name])
            _refuse_empty(state, node, value)
    return None


def _set_type(value: ir.Value, proto: onnx.TypeProto) -> None:
    typed = ir.serde.deserialize_type_proto_for_type(proto)
    value.type = typed if typed is not None and typed.dtype != ir.DataType.UNDEFINED else value.type
    shape = ir.serde.deserialize_type_proto_for_shape(proto)
    value.shape = shape if shape is not None and all(isinstance(d, int) for d in shape) else None


def _infer_quantizer(node: ir.Node) -> None:
    x, scale = node.inputs[:2]
    out = node.outputs[0]
    out.shape = x.shape
    wanted = node.attributes["output_dtype"].as_int() if "output_dtype" in node.attributes else 0
    if node.op_type == "DequantizeLinear":
        out.type = ir.TensorType(ir.DataType(wanted) if wanted else scale.dtype or ir.DataType.FLOAT)
    elif len(node.inputs) > 2 and node.inputs[2] is not None:
        out.type = node.inputs[2].type
    else:
        out.type = ir.TensorType(ir.DataType(wanted) if wanted else ir.DataType.UINT8)


def _refuse_empty(state: _State, node: ir.Node, value: ir.Value) -> None:
    if value.shape is not None and 0 in value.shape.numpy() and value.dtype != ir.DataType.INT64:
        raise BadModel.of(
            place(node, state.file),
            "an output has no elements",
            found=f"'{value.name}' of shape {list(value.shape.numpy())}",
            expected="sizes of 1 or more",
            fix="export the model with real sizes, or cut the node off with --to",
        )


def _fold(state: _State, node: ir.Node) -> list[ir.Value] | None:
    """The outputs as constants, if they are known now."""
    if node.op_type in QUANTIZERS or node.domain not in STANDARD or not node.outputs:
        return None
    if node.op_type in ("Shape", "Size") and node.inputs[0].shape is not None:
        shape = np.array(node.inputs[0].shape.numpy(), np.int64)
        start, end = (node.attributes[k].as_int() if k in node.attributes else None for k in ("start", "end"))
        value = shape[start:end] if node.op_type == "Shape" else np.array(shape.prod(), np.int64)
        return [_constant(node.outputs[0].name, value)]
    if is_guard(node) and node.inputs[0].shape is not None:
        return [_constant(node.outputs[0].name, np.zeros(node.inputs[0].shape.numpy(), bool))]
    if any(v is not None and v.const_value is None for v in node.inputs) or has_subgraph(node):
        return None
    if any(v.shape is not None and np.prod(v.shape.numpy()) > LARGEST_FOLD for v in node.outputs):
        return None
    arrays = [None if v is None else v.const_value.numpy() for v in node.inputs]
    results = evaluate_node(node, arrays, state.opset(node.domain))
    if results is None:
        return None
    values = iter(results)
    return [_constant(v.name, next(values)) if v.name else v for v in node.outputs]


def _finish(state: _State, inputs: list[ir.Value]) -> ir.Model:
    """A fresh graph of the nodes that matter."""
    outputs = []
    for old in state.model.graph.outputs:
        new = state.known[old]
        if new.name != old.name or new in inputs or new.const_value is not None:
            keep = ir.Value(name=old.name, type=new.type, shape=new.shape)
            state.nodes.append(ir.Node("", "Identity", [new], outputs=[keep], name=old.name))
            new = keep
        outputs.append(new)
    needed, kept = set(outputs), []
    for node in reversed(state.nodes):
        if needed & set(node.outputs):
            needed |= {v for v in node.inputs if v is not None} | _outer_values(state, node)
            kept.append(node)
    final = kept[::-1]
    constants = _used_constants(final)
    graph = ir.Graph(
        inputs,
        outputs,
        nodes=final,
        initializers=constants,
        opset_imports=dict(state.model.opset_imports),
        name=state.model.graph.name,
    )
    result = ir.Model(graph, ir_version=state.model.ir_version)
    result.meta.update(state.model.meta)
    return result


def _outer_values(state: _State, node: ir.Node) -> set[ir.Value]:
    """Values of this graph that a subgraph of the node reads."""
    used = set()
    for attribute in node.attributes.values():
        if attribute.type == ir.AttributeType.GRAPH:
            for inner in attribute.value:
                used |= {state.known[v] for v in inner.inputs if v in state.known}
    return used


def _used_constants(nodes: list[ir.Node]) -> list[ir.Value]:
    found: dict[str, ir.Value] = {}
    for node in nodes:
        for value in node.inputs:
            if value is not None and value.const_value is not None:
                found.setdefault(value.name, value)
    return list(found.values())


def place(node: ir.Node, file: str) -> str:
    """The user's own words for a node: operator, name, position, file."""
    index = node.meta.get("index")
    name = node.name or (node.outputs[0].name if node.outputs else "")
    return f"{node.op_type} '{name}' ({f'node {index} of ' if index is not None else ''}{file})"
