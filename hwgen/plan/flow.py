# SPDX-License-Identifier: Apache-2.0
"""The graph as the planner sees it: nodes that become hardware, with the views between them reduced to order changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from hwgen.ir.graph import Graph, Node
from hwgen.ir.order import Order
from hwgen.kernels.catalog import kernel_of


@dataclass(frozen=True, eq=False)
class Edge:
    """`sink` (a node, or the name of an output) reads the result of `source` through `views`, outermost last."""

    source: Node
    views: tuple[Node, ...]
    sink: Node | str
    operand: int

    def seen(self, order: Order) -> Order:
        """An order of the source's result as the sink sees it."""
        for view in self.views:
            _, order = kernel_of(view).orders(view, None, (order,))  # type: ignore[arg-type]
        return order


@dataclass(frozen=True, eq=False)
class Flow:
    """Hardware nodes (inputs among them) in topological order, and the edges between them."""

    graph: Graph
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @classmethod
    def of(cls, graph: Graph) -> Flow:
        nodes = tuple(n for n in graph if not n.is_constant and not is_view(n))
        edges = [_edge(source, node, k) for node in nodes for k, source in enumerate(node.operands)]
        edges += [_edge(node, name, 0) for name, node in graph.outputs.items()]
        return cls(graph, nodes, tuple(edges))

    @cached_property
    def _into(self) -> dict[int, list[Edge]]:
        into: dict[int, list[Edge]] = {}
        for edge in self.edges:
            into.setdefault(id(edge.sink), []).append(edge)
        return into

    @cached_property
    def _out_of(self) -> dict[int, list[Edge]]:
        out: dict[int, list[Edge]] = {}
        for edge in self.edges:
            out.setdefault(id(edge.source), []).append(edge)
        return out

    def into(self, node: Node) -> list[Edge]:
        """Edges into a node, by operand."""
        return self._into.get(id(node), [])

    def out_of(self, node: Node) -> list[Edge]:
        return self._out_of.get(id(node), [])


def is_view(node: Node) -> bool:
    """Whether a node only renames elements."""
    return not (node.is_input or node.is_constant) and getattr(kernel_of(node), "is_view", False)


def _edge(source: Node, sink: Node | str, operand: int) -> Edge:
    views: list[Node] = []
    while is_view(source):
        views.append(source)
        source = source.operands[0]
    return Edge(source, tuple(views[::-1]), sink, operand)
