# SPDX-License-Identifier: Apache-2.0
"""The same model without int8 weights beside uint8 activations.

On x86-64 without VNNI instructions onnxruntime adds two such products in 16 bits, where they saturate: 255 * 127 twice
is 64,770 and becomes 32,767. Its sums of uint8 by uint8 are exact on every CPU, and weights and zero point that both
grow by 128 give the same sums.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SHIFT = 128
PLACES = {
    "QLinearConv": (0, 2, 3, 5), "QLinearMatMul": (0, 2, 3, 5), "QGemm": (0, 2, 3, 5),
    "ConvInteger": (0, 2, 1, 3), "MatMulInteger": (0, 2, 1, 3),
}  # fmt: skip
"""Per operator the positions of the activation, its zero point, the weights and their zero point."""


def with_unsigned_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which every int8 operand beside a uint8 activation is uint8; the model itself where there is none."""
    if not any(node.op_type in PLACES for node in model.graph.node):
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    rewriting = _Rewriting(copy, dict(_types(copy)), {i.name: i for i in copy.graph.initializer})
    nodes = [made for node in copy.graph.node for made in rewriting.visit(node)]
    del copy.graph.node[:]
    copy.graph.node.extend(nodes)
    return copy


def _types(model: onnx.ModelProto) -> Iterator[tuple[str, int]]:
    """Element types of all tensors for which onnx knows them."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    for value in (*inferred.input, *inferred.value_info, *inferred.output):
        yield value.name, value.type.tensor_type.elem_type
    for constant in inferred.initializer:
        yield constant.name, constant.data_type


@dataclass
class _Rewriting:
    """types: element type per tensor; constants: initializers by name; done: int8 tensor -> its uint8 twin."""

    model: onnx.ModelProto
    types: dict[str, int]
    constants: dict[str, TensorProto]
    done: dict[str, str] = field(default_factory=dict)

    def visit(self, node: onnx.NodeProto) -> list[onnx.NodeProto]:
        """The node, with what has to come in front of it."""
        if node.op_type not in PLACES:
            return [node]
        x, x_zero, w, w_zero = PLACES[node.op_type]
        names = [*node.input, *[""] * 4]
        kind = self.types.get(names[x_zero] or names[x])
        if kind != TensorProto.UINT8 or self.types.get(names[w]) != TensorProto.INT8:
            return [node]
        new = onnx.NodeProto()
        new.CopyFrom(node)
        new.input.extend([""] * (w_zero + 1 - len(new.input)))
        made: list[onnx.NodeProto] = []
        new.input[w] = self._shifted(names[w], made)
        new.input[w_zero] = self._shifted(names[w_zero], made)
        return [*made, new]

    def _shifted(self, name: str, made: list[onnx.NodeProto]) -> str:
        """The uint8 twin of an int8 tensor; a missing zero point is 0."""
        if name in self.done:
            return self.done[name]
        twin = self.done[name] = f"{name}:unsigned"
        if name and name not in self.constants:
            self._constant(f"{twin}:shift", np.array(SHIFT, np.int32))
            made += [
                helper.make_node("Cast", [name], [f"{twin}:wide"], to=TensorProto.INT32),
                helper.make_node("Add", [f"{twin}:wide", f"{twin}:shift"], [f"{twin}:sum"]),
                helper.make_node("Cast", [f"{twin}:sum"], [twin], to=TensorProto.UINT8),
            ]
        else:
            value = numpy_helper.to_array(self.constants[name]) if name else np.zeros((), np.int8)
            self._constant(twin, (value.astype(np.int16) + SHIFT).astype(np.uint8))
        return twin

    def _constant(self, name: str, value: np.ndarray) -> None:
        self.model.graph.initializer.append(numpy_helper.from_array(value, name))
