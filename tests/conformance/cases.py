# SPDX-License-Identifier: Apache-2.0
"""The node tests of the ONNX backend suite that are in reach of an integer compiler, by group and operator.

The models and their data come with the onnx package; nothing is downloaded.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import numpy as np
import onnx
from onnx.backend.test.loader import load_model_tests

GROUPS = {
    "quantized": "QuantizeLinear DequantizeLinear QLinearConv QLinearMatMul ConvInteger MatMulInteger DynamicQuantizeLinear",
    "integer": "Add Sub Mul Div Max Min Clip Relu Abs Neg Mod BitShift BitwiseAnd BitwiseOr BitwiseXor BitwiseNot "
    "ArgMax ArgMin TopK ReduceMax ReduceMin",
    "movement": "Reshape Transpose Concat Slice Split Squeeze Unsqueeze Flatten Gather Expand Tile Pad DepthToSpace "
    "SpaceToDepth Identity GatherElements Shape",
    "pooling": "MaxPool GlobalMaxPool AveragePool GlobalAveragePool Resize Upsample",
}
TITLES = {
    "quantized": "Quantized operators",
    "integer": "Integer arithmetic and order",
    "movement": "Shape and data movement",
    "pooling": "Pooling and resizing",
}
FLOAT_TOO = {"Clip", "Relu", "ArgMax", "ArgMin", "TopK", "ReduceMax", "ReduceMin"}
"""Operators of the integer group whose tests are written in float32: their data are carried by codes."""


@dataclass(frozen=True, eq=False)
class Case:
    """One node test: the model with a single node, and its first set of data."""

    name: str
    group: str
    model: onnx.ModelProto
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    @property
    def node(self) -> onnx.NodeProto:
        return self.model.graph.node[0]

    @property
    def op(self) -> str:
        return self.node.op_type


@cache
def cases() -> dict[str, Case]:
    """All tests of the groups by name, those apart whose node was expanded into functions."""
    groups = {op: group for group, ops in GROUPS.items() for op in ops.split()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tests = load_model_tests(kind="node")
    found = {}
    for test in tests:
        nodes = test.model.graph.node
        if len(nodes) != 1 or nodes[0].domain or test.name.endswith("_expanded"):
            continue
        group = groups.get(nodes[0].op_type)
        case = None if group is None else _case(test, group)
        if case is not None:
            found[case.name] = case
    return found


def _array(value: object) -> object:
    """Data of types that NumPy lacks come as they lie in the file."""
    return onnx.numpy_helper.to_array(value) if isinstance(value, onnx.TensorProto) else value


def _case(test: object, group: str) -> Case | None:
    graph = test.model.graph  # type: ignore[attr-defined]
    sides = zip((graph.input, graph.output), test.data_sets[0], strict=True)
    named = [{v.name: _array(value) for v, value in zip(side, data, strict=False)} for side, data in sides]
    if not all(isinstance(v, np.ndarray | np.generic) for values in named for v in values.values()):
        return None  # sequences, optionals, strings
    inputs, outputs = ({name: np.asarray(v) for name, v in values.items()} for values in named)
    case = Case(test.name, group, test.model, inputs, outputs)
    first = next(iter(inputs.values()), np.zeros(0))
    floats = first.dtype.kind == "f"
    if group == "integer" and floats and case.op not in FLOAT_TOO:
        return None  # the float form of an operator that has an integer form
    small_floats = any(
        "float" in np.asarray(v).dtype.name and v.dtype.itemsize == 1 for side in named for v in side.values()
    )
    return case if (first.dtype.kind in "iuf" or group == "quantized") and not small_floats else None
