# SPDX-License-Identifier: Apache-2.0
"""What must hold for every graph, checked between passes."""

from __future__ import annotations

import re

from hwgen.errors import InternalError
from hwgen.ir.graph import Graph, Node

IDENTIFIER = re.compile(r"[a-z_][a-z0-9_]*")


def verify(graph: Graph, after: str = "") -> Graph:
    """The same graph. Raises InternalError that names the broken node and the step before (`after`)."""
    problems = [p for node in graph.nodes for p in _node_problems(node)]
    names = [node.name for node in graph.nodes]
    problems += [f"two nodes are called '{name}'" for name in sorted({n for n in names if names.count(n) > 1})]
    inputs = {id(node) for node in graph.inputs}
    problems += [f"'{n.name}' is no input of the graph" for n in graph.nodes if n.is_input and id(n) not in inputs]
    problems += [f"'{n.name}' is listed as an input" for n in graph.inputs if not n.is_input]
    problems += [f"output '{name}' has no label" for name in graph.outputs if name not in graph.labels]
    problems += [] if graph.outputs else ["no outputs"]
    problems += [f"output '{name}' does not depend on an input" for name, n in graph.outputs.items() if n.is_constant]
    if problems:
        raise InternalError(f"a broken graph{f' after {after}' if after else ''}: " + "; ".join(problems))
    return graph


def _node_problems(node: Node) -> list[str]:
    problems = []
    if not IDENTIFIER.fullmatch(node.name):
        problems.append(f"'{node.name}' is no name of an instance")
    try:
        kind = node.type
    except (ValueError, IndexError, TypeError) as error:
        return [*problems, f"'{node.name}' has no type: {error}"]
    if not node.is_input and not node.is_constant and not node.operands:
        problems.append(f"'{node.name}' computes a constant")
    if any(extent < 1 for extent in kind.shape):
        problems.append(f"'{node.name}' has no elements: {kind}")
    return problems
