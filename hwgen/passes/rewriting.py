# SPDX-License-Identifier: Apache-2.0
"""What several passes need to know about a node's surroundings."""

from __future__ import annotations

from hwgen.ir.graph import Graph, Node


def origins(*nodes: Node) -> tuple[str, ...]:
    """The ONNX nodes that several nodes stand for, each once."""
    return tuple(dict.fromkeys(name for node in nodes for name in node.origin))


def read_once(graph: Graph) -> set[str]:
    """Names of the nodes with a single reader that are no outputs: nobody misses them when they are fused away."""
    counts: dict[str, int] = {}
    for node in graph.nodes:
        for source in node.src:
            counts[source.name] = counts.get(source.name, 0) + 1
    outputs = {node.name for node in graph.outputs.values()}
    return {name for name, count in counts.items() if count == 1 and name not in outputs}
