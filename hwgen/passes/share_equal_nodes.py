# SPDX-License-Identifier: Apache-2.0
"""Two nodes that compute the same from the same sources are one."""

from __future__ import annotations

from hwgen.ir.graph import Graph, Node


def share_equal_nodes(graph: Graph) -> Graph:
    """The first of equal nodes serves the readers of all; constants of equal values count as equal."""
    first: dict[object, Node] = {}

    def rule(node: Node) -> Node | None:
        if node.is_input:
            return None
        key = (node.op, tuple(id(s) for s in node.src))
        return first.setdefault(key, node)

    return graph.rewrite(rule)
