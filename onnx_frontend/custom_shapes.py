# SPDX-License-Identifier: Apache-2.0
"""Shapes of operators outside of the ONNX standard, or of a standard newer than the file says."""

from __future__ import annotations

import onnx
import onnx_ir as ir

SAME_SHAPE = (
    "Quant IntQuant BipolarQuant FloatQuant Trunc MultiThreshold QLinearSigmoid QLinearLeakyRelu QLinearSoftmax Gelu "
    "FastGelu BiasGelu QuickGelu LayerNormalization SimplifiedLayerNormalization SkipLayerNormalization "
    "SkipSimplifiedLayerNormalization"
)
STANDARD_TWINS = {
    "QLinearAdd": ("Add", (0, 3)),
    "QLinearMul": ("Mul", (0, 3)),
    "QGemm": ("Gemm", (0, 3)),
    "QLinearAveragePool": ("AveragePool", (0,)),
    "QLinearGlobalAveragePool": ("GlobalAveragePool", (0,)),
}
"""Operators of com.microsoft: the one of the standard with the same shapes, and where its inputs are."""


def custom_shape(node: ir.Node) -> None:
    """Set shape and type of the outputs of a non-standard node where a rule is known."""
    if node.op_type in SAME_SHAPE.split() and node.inputs[0] is not None:
        node.outputs[0].shape = node.inputs[0].shape
        node.outputs[0].type = node.outputs[0].type or node.inputs[0].type
    elif node.op_type == "Attention" and all(v is not None and v.shape is not None for v in node.inputs[:2]):
        batch, length = node.inputs[0].shape.numpy()[:2]
        node.outputs[0].shape = ir.Shape((batch, length, node.inputs[1].shape.numpy()[1] // 3))
        node.outputs[0].type = node.outputs[0].type or node.inputs[0].type
    elif node.op_type == "QLinearConcat":
        _as_standard(node, "Concat", tuple(range(2, len(node.inputs), 3)))
    elif node.op_type in STANDARD_TWINS:
        _as_standard(node, *STANDARD_TWINS[node.op_type])


def _as_standard(node: ir.Node, op: str, positions: tuple[int, ...]) -> None:
    """The shape of the standard's operator on float inputs; the type of the codes that go in, or float for a QGemm
    that does not quantize its result."""
    values = [node.inputs[k] for k in positions]
    if any(v is None or v.shape is None for v in values):
        return
    schema = onnx.defs.get_schema(op, 17, "")
    names = [f"i{k}" for k in range(len(values))]
    attributes = [ir.to_proto(a) for a in node.attributes.values() if a.name in schema.attributes]
    twin = onnx.helper.make_node(op, names, ["o"])
    twin.attribute.extend(attributes)
    types = {
        n: onnx.helper.make_tensor_type_proto(1, list(v.shape.numpy())) for n, v in zip(names, values, strict=True)
    }
    result = onnx.shape_inference.infer_node_outputs(
        schema, twin, types, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=10
    )
    dims = result["o"].tensor_type.shape.dim
    node.outputs[0].shape = ir.Shape([d.dim_value for d in dims])
    is_float = op == "Gemm" and len(node.inputs) < 8
    node.outputs[0].type = ir.TensorType(ir.DataType.FLOAT) if is_float else values[0].type
