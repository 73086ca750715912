# SPDX-License-Identifier: Apache-2.0
"""Neighbouring Reshapes and Transposes become one, or none."""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.view.op import Reshape, Transpose
from hwgen.passes.rewriting import origins, read_once


def merge_views(graph: Graph) -> Graph:
    """A view of a view is one view; a view that changes nothing is gone, and leaves its tensor's name behind."""
    single = read_once(graph)
    return graph.rewrite(lambda node: _rule(node, single))


def _rule(node: Node, single: set[str]) -> Node | None:
    if not isinstance(node.op, (Reshape, Transpose)):
        return None
    (source,) = node.src
    if _keeps_everything(node):
        named = node.tensor and not source.tensor and source.name in single and source.src
        return replace(source, tensor=node.tensor) if named else source
    if isinstance(node.op, Transpose) and _moves_only_ones(source.type.shape, node.op.perm):
        reshaped = replace(node, op=Reshape(node.type.shape))
        return _rule(reshaped, single) or reshaped
    if isinstance(node.op, Reshape) and isinstance(source.op, Reshape):
        merged = replace(node, src=source.src, origin=origins(source, node))
    elif isinstance(node.op, Transpose) and isinstance(source.op, Transpose):
        perm = tuple(source.op.perm[p] for p in node.op.perm)
        merged = replace(node, op=Transpose(perm), src=source.src, origin=origins(source, node))
    else:
        return None
    return _rule(merged, single if source.name in single else set()) or merged


def _keeps_everything(node: Node) -> bool:
    if isinstance(node.op, Reshape):
        return node.op.shape == node.src[0].type.shape
    return isinstance(node.op, Transpose) and node.op.perm == tuple(range(len(node.op.perm)))


def _moves_only_ones(shape: tuple[int, ...], perm: tuple[int, ...]) -> bool:
    """Whether the axes longer than 1 stay in order."""
    moving = [p for p in perm if shape[p] > 1]
    return moving == sorted(moving)
