# SPDX-License-Identifier: Apache-2.0
"""Operators that copy or regroup elements: Expand, Tile, DepthToSpace, SpaceToDepth."""

from __future__ import annotations

from math import prod

from hwgen.ir.graph import Node
from hwgen.kernels.resize.op import Interpolate, Taps
from hwgen.kernels.view.op import Reshape, Transpose
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.quant_graph import QuantNode


def repeat(lowering: Lowering, node: QuantNode, source: Node, before: int, times: int, behind: int) -> Node:
    """(before, behind) elements as (1, before, times, behind)."""
    view = shaped(lowering, node, source, (1, before, 1, behind))
    copies = Taps((0,) * times, (1,) * times, (0,) * times, 1)
    keep = Taps(tuple(range(behind)), (1,) * behind, (0,) * behind, 1)
    return lowering.emit(Interpolate((copies, keep)), (view,), f"{lowering.named(node)}_repeat", (node,))


def shaped(lowering: Lowering, node: QuantNode, source: Node, shape: tuple[int, ...]) -> Node:
    if source.type.shape == shape:
        return source
    return lowering.emit(Reshape(shape), (source,), f"{lowering.named(node)}_shaped", (node,))


def expand(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Expand: every axis of extent 1 that grows is repeated, from the last one on."""
    (result,) = sources
    target = lowering.shape(output)
    shape = [1] * (len(target) - len(result.type.shape)) + list(result.type.shape)
    for axis in reversed(range(len(target))):
        if shape[axis] != target[axis]:
            result = repeat(lowering, node, result, prod(shape[:axis]), target[axis], prod(shape[axis + 1 :]))
            shape[axis] = target[axis]
    return shaped(lowering, node, result, target)


def tile(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Tile: each axis, with all behind it, several times over."""
    (result,) = sources
    shape, target = list(result.type.shape), lowering.shape(output)
    for axis in reversed(range(len(target))):
        if shape[axis] != target[axis]:
            times = target[axis] // shape[axis]
            result = repeat(lowering, node, result, prod(shape[:axis]), times, prod(shape[axis:]))
            shape[axis] = target[axis]
    return shaped(lowering, node, result, target)


def depth_to_space(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Blocks of channels become blocks of pixels, in either order of ONNX (DCR, CRD)."""
    (source,) = sources
    n, c, h, w = source.type.shape
    b = int(node.attributes["blocksize"])
    if node.attributes.get("mode", "DCR") == "DCR":
        return _regrouped(lowering, node, source, (n, b, b, c // b**2, h, w), (0, 3, 4, 1, 5, 2), output)
    return _regrouped(lowering, node, source, (n, c // b**2, b, b, h, w), (0, 1, 4, 2, 5, 3), output)


def space_to_depth(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    (source,) = sources
    n, c, h, w = source.type.shape
    b = int(node.attributes["blocksize"])
    perm = (0, 3, 5, 1, 2, 4) if node.attributes.get("mode", "DCR") == "DCR" else (0, 1, 3, 5, 2, 4)
    return _regrouped(lowering, node, source, (n, c, h // b, b, w // b, b), perm, output)


def _regrouped(
    lowering: Lowering, node: QuantNode, source: Node, split: tuple[int, ...], perm: tuple[int, ...], output: str
) -> Node:
    parts = shaped(lowering, node, source, split)
    turned = lowering.emit(Transpose(perm), (parts,), f"{lowering.named(node)}_transpose", (node,))
    return shaped(lowering, node, turned, lowering.shape(output))
