# SPDX-License-Identifier: Apache-2.0
"""A node test as a model that computes on integers.

Its first inputs carry data, the others (shapes, axes, scales, weights) become constants. Float data of an operator that
only moves or compares elements are replaced by their ranks, in the inputs and in the expected outputs alike. For an
operator that computes real numbers, a QuantizeLinear and a DequantizeLinear are put around it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import helper, numpy_helper

from tests.conformance.cases import Case

REAL = {"MaxPool", "GlobalMaxPool", "AveragePool", "GlobalAveragePool", "Resize", "Upsample", "Relu", "Clip"}
TWO_STREAMS = {"Add", "Sub", "Mul", "Div", "Max", "Min", "Mod", "BitwiseAnd", "BitwiseOr", "BitwiseXor", "Concat"}
ORDERED = {"Max", "Min", "ReduceMax", "ReduceMin", "ArgMax", "ArgMin", "TopK"}
"""Operators that only compare: any numbers may be replaced by their ranks."""

CODES = {np.dtype(name) for name in ("int8", "uint8", "int16", "uint16")}
NEWEST_IR = 10


@dataclass(frozen=True, eq=False)
class Carried:
    """expected: per output what must come out, or None where an engine has to be asked."""

    model: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    expected: dict[str, np.ndarray] | None


def carry(case: Case) -> Carried:
    """The model that hwgen is given for a test."""
    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    model.ir_version = min(model.ir_version, NEWEST_IR)
    data = _data_inputs(case)
    _freeze(model, {k: v for k, v in case.inputs.items() if k not in data})
    inputs = {name: case.inputs[name] for name in data}
    if case.group == "quantized" or all(v.dtype in CODES for v in inputs.values()):
        return Carried(model, inputs, case.outputs)
    if (case.op in REAL and case.group == "pooling") or case.op in ("Relu", "Clip"):
        return _quantized(model, case, inputs)
    if case.group == "movement" or case.op in ORDERED:
        return _ranked(model, case, inputs)
    return Carried(model, inputs, case.outputs)


def _data_inputs(case: Case) -> list[str]:
    names = [name for name in case.node.input if name]
    if case.op in TWO_STREAMS:
        return list(dict.fromkeys(names))
    return names[:1]


def _freeze(model: onnx.ModelProto, constants: dict[str, np.ndarray]) -> None:
    graph = model.graph
    kept = [v for v in graph.input if v.name not in constants]
    tensors = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    for value in [v for v in graph.input if v.name in constants]:
        tensor = next(t for t in tensors if t.name == value.name)
        tensor.data_type = value.type.tensor_type.elem_type if tensor.data_type == 0 else tensor.data_type
    del graph.input[:]
    graph.input.extend(kept)
    graph.initializer.extend(tensors)


def _ranked(model: onnx.ModelProto, case: Case, inputs: dict[str, np.ndarray]) -> Carried:
    """Every number by its place among all of the test, as int8 codes (int16 where there are more than 256)."""
    kind = next(iter(inputs.values())).dtype
    carried = [np.asarray(v) for v in (*case.inputs.values(), *case.outputs.values()) if np.asarray(v).dtype == kind]
    ranks = np.unique(np.concatenate([v.ravel() for v in carried]))
    code, first = (np.int8, -128) if len(ranks) <= 256 else (np.int16, -32768)
    old, new = (helper.np_dtype_to_tensor_dtype(np.dtype(k)) for k in (kind, code))
    data = {*inputs, *case.outputs} | {name for name in case.node.input[1:] if case.op == "Pad"}
    data -= {name for name, v in case.outputs.items() if np.asarray(v).dtype != kind}
    data -= {"TopK": {*case.node.output[1:]}}.get(case.op, set())  # places are no numbers

    def codes(values: np.ndarray) -> np.ndarray:
        values = np.asarray(values)
        return (np.searchsorted(ranks, values) + first).astype(code) if values.dtype == kind else values

    for value in (*model.graph.input, *model.graph.output, *model.graph.value_info):
        if value.name in data and value.type.tensor_type.elem_type == old:
            value.type.tensor_type.elem_type = new
    for k, tensor in enumerate(model.graph.initializer):
        if tensor.name in data and tensor.data_type == old:
            model.graph.initializer[k].CopyFrom(
                numpy_helper.from_array(codes(numpy_helper.to_array(tensor)), tensor.name)
            )
    expected = {name: codes(v) if name in data else v for name, v in case.outputs.items()}
    return Carried(model, {name: codes(v) for name, v in inputs.items()}, expected)


def _quantized(model: onnx.ModelProto, case: Case, inputs: dict[str, np.ndarray]) -> Carried:
    """x, Q, DQ, the operator, Q: with a scale that the data nearly fill."""
    ((name, values),) = inputs.items()
    scale = np.float32(max(np.abs(values).max(initial=0), 1e-6) / 100)
    constants = [numpy_helper.from_array(scale, "s__"), numpy_helper.from_array(np.int8(3), "z__")]
    model.graph.initializer.extend(constants)
    node = model.graph.node[0]
    result = node.output[0]
    node.input[list(node.input).index(name)] = "real__"
    node.output[0] = "result__"
    model.graph.node.insert(0, helper.make_node("QuantizeLinear", [name, "s__", "z__"], ["codes__"]))
    model.graph.node.insert(1, helper.make_node("DequantizeLinear", ["codes__", "s__", "z__"], ["real__"]))
    model.graph.node.append(helper.make_node("QuantizeLinear", ["result__", "s__", "z__"], ["out__"]))
    model.graph.node.append(helper.make_node("DequantizeLinear", ["out__", "s__", "z__"], [result]))
    imports = next(o for o in model.opset_import if o.domain in ("", "ai.onnx"))
    imports.version = max(imports.version, 10)
    return Carried(model, inputs, None)
