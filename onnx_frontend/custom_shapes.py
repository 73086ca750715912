# SPDX-License-Identifier: Apache-2.0
"""Shapes of operators outside of the ONNX standard, or of a standard newer than the file says."""

from __future__ import annotations

import onnx_ir as ir

SAME_SHAPE = (
    "Quant IntQuant BipolarQuant FloatQuant Trunc MultiThreshold QLinearSigmoid QLinearLeakyRelu QLinearSoftmax Gelu "
    "FastGelu BiasGelu QuickGelu LayerNormalization SimplifiedLayerNormalization SkipLayerNormalization "
    "SkipSimplifiedLayerNormalization"
)


def custom_shape(node: ir.Node) -> None:
    """Set shape and type of the outputs of a non-standard node where a rule is known."""
    if node.op_type in SAME_SHAPE.split() and node.inputs[0] is not None:
        node.outputs[0].shape = node.inputs[0].shape
        node.outputs[0].type = node.outputs[0].type or node.inputs[0].type
    elif node.op_type == "Attention" and all(v is not None and v.shape is not None for v in node.inputs[:2]):
        batch, length = node.inputs[0].shape.numpy()[:2]
        node.outputs[0].shape = ir.Shape((batch, length, node.inputs[1].shape.numpy()[1] // 3))
        node.outputs[0].type = node.outputs[0].type or node.inputs[0].type
