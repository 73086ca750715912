# SPDX-License-Identifier: Apache-2.0
"""Shapes of operators outside of the ONNX standard."""

from __future__ import annotations

import onnx_ir as ir

SAME_SHAPE = (
    "Quant IntQuant BipolarQuant FloatQuant Trunc MultiThreshold QLinearSigmoid QLinearLeakyRelu QLinearSoftmax Gelu "
    "FastGelu BiasGelu QuickGelu"
)


def custom_shape(node: ir.Node) -> None:
    """Set shape and type of the outputs of a non-standard node where a rule is known."""
    if node.op_type in SAME_SHAPE.split() and node.inputs[0] is not None:
        node.outputs[0].shape = node.inputs[0].shape
        node.outputs[0].type = node.outputs[0].type or node.inputs[0].type
