# SPDX-License-Identifier: Apache-2.0
"""Models exported for a fixed batch: B frames at once, each on its own."""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir as ir

from hwgen.errors import BadModel
from onnx_frontend.propagate import propagate

OVER_AN_AXIS = frozenset(
    ("Softmax", "LogSoftmax", "Hardmax", "ArgMax", "ArgMin", "LayerNormalization", "CumSum", "TopK", "LpNormalization")
)


def frames_of_one(model: ir.Model, shapes: Mapping[str, tuple[int, ...]]) -> ir.Model | None:
    """The model for one frame, if all inputs share a leading size B > 1 and every operator keeps the B frames apart.

    None where there is no such size, or where an operator mixes along it: then it is no batch but a part of the frame,
    and operators that need a batch of 1 say so themselves.
    """
    leading = {shape[0] if shape else 1 for shape in shapes.values()}
    batch = leading.pop() if len(leading) == 1 else 1
    if batch == 1:
        return None
    try:
        single = propagate(model, {name: (1, *shape[1:]) for name, shape in shapes.items()}, batch)
    except BadModel:
        return None
    whole = _shapes(propagate(model, shapes))
    apart = all(_is_frame(shape, whole.get(name), batch) for name, shape in _shapes(single).items())
    constant = any(_is_constant(value) for value in single.graph.outputs)
    return None if constant or not apart or any(_mixes(node) for node in single.graph) else single


def _is_constant(value: ir.Value) -> bool:
    """Whether an output is known at compile time, such as a Shape: it is there once and not for each frame."""
    maker = value.producer()
    if maker is not None and maker.op_type == "Identity":
        value = maker.inputs[0]
    return value.const_value is not None


def _shapes(model: ir.Model) -> dict[str, tuple[int, ...] | None]:
    """Shapes of all values that depend on an input."""
    streams = set(model.graph.inputs)
    for node in model.graph:
        if streams & set(node.inputs):
            streams |= set(node.outputs)
    values = [v for node in model.graph for v in node.outputs if v.name and v in streams]
    return {v.name: None if v.shape is None else tuple(v.shape.numpy()) for v in values}


def _is_frame(single: tuple[int, ...] | None, whole: tuple[int, ...] | None, batch: int) -> bool:
    """Whether a value has the batch in front and nothing else changed with it."""
    if single is None or whole is None or not single or not whole:
        return single == whole
    return whole[0] == batch and single[0] == 1 and single[1:] == whole[1:]


def _mixes(node: ir.Node) -> bool:
    """Whether an operator works along axis 0 although shapes do not show it."""
    if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
        return _has_scales_of_frames(node)
    if node.op_type not in OVER_AN_AXIS or node.inputs[0].shape is None:
        return False
    rank = len(node.inputs[0].shape)
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else -1
    return axis % rank == 0


def _has_scales_of_frames(node: ir.Node) -> bool:
    """Whether the elements of axis 0 of something that is no constant have scales of their own."""
    source, scale = node.inputs[0], node.inputs[1]
    if source.const_value is not None or scale.shape is None or source.shape is None:
        return False
    sizes = tuple(scale.shape.numpy())
    if len(sizes) > 1:
        return sizes[0] > 1
    axis = node.attributes["axis"].as_int() if "axis" in node.attributes else 1
    return sizes not in ((), (1,)) and axis % max(1, len(source.shape)) == 0
