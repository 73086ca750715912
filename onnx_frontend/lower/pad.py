# SPDX-License-Identifier: Apache-2.0
"""Pad with a constant: a Window of one tap whose fill is the code of that constant."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.window.op import Window
from onnx_frontend.lower.finish import round_exactly
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish, Grid
from onnx_frontend.lower.select import gather_along
from onnx_frontend.quant_graph import QuantNode

FROM_INSIDE = ("edge", "reflect", "wrap")
"""Modes that fill with elements of the tensor itself; ONNX and NumPy call them the same."""


def pads_of(lowering: Lowering, node: QuantNode) -> tuple[tuple[int, int], ...]:
    """(begin, end) per axis of the input."""
    rank = len(lowering.shape(node.inputs[0]))
    flat = lowering.value(node, 1)
    numbers = [int(v) for v in np.ravel(node.attributes["pads"] if flat is None else flat)]
    axes = lowering.value(node, 3)
    listed = range(rank) if axes is None else [int(a) % rank for a in axes.ravel()]
    half = len(numbers) // 2
    pads = dict(zip(listed, zip(numbers[:half], numbers[half:], strict=True), strict=True))
    return tuple(pads.get(k, (0, 0)) for k in range(rank))


def pad_value(lowering: Lowering, node: QuantNode) -> Fraction:
    """The real number that is filled in."""
    given = lowering.value(node, 2)
    if given is None:
        return Fraction(float(np.float32(node.attributes.get("value", 0.0))))
    tensor = lowering.graph.tensors[node.inputs[2]]
    return Fraction(tensor.real().ravel()[0])


def pad(lowering: Lowering, node: QuantNode, source: Node, fill: int) -> Node:
    """The padded codes. Negative pads crop."""
    pads = pads_of(lowering, node)
    spatial = pads[2:]
    mode = str(node.attributes.get("mode", "constant"))
    if mode in FROM_INSIDE and min(p for pair in pads for p in pair) >= 0:
        return _from_inside(lowering, node, source, pads, mode)
    if mode != "constant" or any(any(p) for p in pads[:2]) or len(pads) > 4:
        raise lowering.graph.refuse(
            node,
            "this way of padding is not supported",
            f"mode {mode}, pads {pads}",
            "constant values around the last one or two axes of (1, C, *spatial)",
            "pad in the Conv or pool behind it, or on the host",
        )
    if not any(any(p) for p in spatial):
        return source
    ones = (1,) * len(spatial)
    return lowering.emit(Window(ones, ones, ones, spatial, fill), (source,), lowering.named(node), (node,))


def _from_inside(
    lowering: Lowering, node: QuantNode, source: Node, pads: tuple[tuple[int, int], ...], mode: str
) -> Node:
    """Padding with elements of the tensor itself, axis by axis."""
    for axis, pair in enumerate(pads):
        if any(pair):
            indices = np.pad(np.arange(source.type.shape[axis]), pair, mode=mode).tolist()  # type: ignore[call-overload]
            source = gather_along(lowering, node, source, axis, indices)
    return source


def rounded_pad(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Round first, then pad with the rounded constant."""
    if not finish.expression.is_uniform:
        raise lowering.graph.refuse(
            node,
            "a function per channel follows a Pad",
            str(finish.expression),
            "a QuantizeLinear behind the Pad",
            "quantize the Pad's output",
        )
    fill = round_exactly(finish, pad_value(lowering, node))
    inner = replace(finish, tensor="", expression=finish.expression.map_constants(lambda c: c.reshape(())))
    source = lowering.rounded(node.inputs[0], inner)
    result = pad(lowering, node, source, fill)
    return lowering.label(result, finish.tensor)


def grid_pad(lowering: Lowering, node: QuantNode) -> Grid | None:
    """A Pad of codes without a QuantizeLinear behind it; None where its constant is no code of the grid."""
    grid = lowering.grid(node.inputs[0], node)
    if not grid.quant.per_tensor:
        return None
    code = pad_value(lowering, node) / grid.quant.scale[0] + grid.quant.zero_point[0]
    if code.denominator != 1 or code not in grid.quant.codes:
        return None
    return Grid(pad(lowering, node, grid.node, int(code)), grid.quant)
