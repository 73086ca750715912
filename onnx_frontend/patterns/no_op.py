# SPDX-License-Identifier: Apache-2.0
"""Operators that exporters leave behind although they change nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx_ir as ir

REPEATS = ("Expand", "Tile")
FINITE = ("DequantizeLinear", "Softmax")


def passed_on(node: ir.Node, inputs: Sequence[ir.Value | None]) -> ir.Value | None:
    """The input that a standard node hands on unchanged: Identity, Dropout, a Cast to the same type, an Expand or Tile
    to the same shape, a Where that always takes the same side. None for anything else.

    node: with the shapes of its outputs where they are known.
    """
    match node.op_type:
        case "Identity":
            return inputs[0]
        case "Dropout":
            return None if len(inputs) > 2 and inputs[2] is not None and _may_hold(inputs[2]) else inputs[0]
        case "Cast":
            same = inputs[0].dtype is not None and int(inputs[0].dtype) == node.attributes["to"].as_int()
            return inputs[0] if same else None
        case "Where":
            return _chosen(node, inputs)
    kept = node.op_type in REPEATS and inputs[0].shape is not None and inputs[0].shape == node.outputs[0].shape
    return inputs[0] if kept else None


def is_guard(node: ir.Node) -> bool:
    """Whether a node asks for a NaN or an infinity where none can be, as exporters do behind the Softmax of attention."""
    source = node.inputs[0].producer() if node.op_type in ("IsNaN", "IsInf") else None
    return source is not None and source.op_type in FINITE


def _may_hold(flag: ir.Value) -> bool:
    return flag.const_value is None or bool(flag.const_value.numpy().any())


def _chosen(node: ir.Node, inputs: Sequence[ir.Value | None]) -> ir.Value | None:
    """The side that a constant condition takes for every element, if it has the shape of the result."""
    condition = inputs[0].const_value
    if condition is None:
        return None
    choices = set(np.unique(condition.numpy()).tolist())
    side = inputs[1 if choices == {True} else 2]
    same = len(choices) == 1 and side.shape is not None and side.shape == node.outputs[0].shape
    return side if same else None
