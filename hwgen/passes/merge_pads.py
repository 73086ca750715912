# SPDX-License-Identifier: Apache-2.0
"""A Pad in front of a window joins its padding."""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.window.op import Window
from hwgen.passes.rewriting import origins, read_once


def merge_pads(graph: Graph) -> Graph:
    """Window(kernel 1, stride 1) -> Window becomes one Window where both fill with the same code and none crops."""
    single = read_once(graph)

    def rule(node: Node) -> Node | None:
        window, first = node.op, node.src[0].op if node.src else None
        if not isinstance(window, Window) or not isinstance(first, Window):
            return None
        (pad,) = node.src
        if pad.name not in single or not _only_pads(first) or _crops(window) or not _same_fill(first, window):
            return None
        pads = tuple((a + c, b + d) for (a, b), (c, d) in zip(first.pads, window.pads, strict=True))
        op = replace(window, pads=pads, fill=first.fill)
        return replace(node, op=op, src=pad.src, origin=origins(pad, node))

    return graph.rewrite(rule)


def _only_pads(op: Window) -> bool:
    return op.taps == 1 and set(op.strides) == {1} and not _crops(op)


def _crops(op: Window) -> bool:
    return any(end < 0 for pair in op.pads for end in pair)


def _same_fill(first: Window, second: Window) -> bool:
    return first.fill == second.fill or not any(end for pair in second.pads for end in pair)
