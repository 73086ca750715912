# SPDX-License-Identifier: Apache-2.0
"""A part of a QuantGraph: from one tensor on, or up to one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from difflib import get_close_matches

from hwgen.errors import UserError
from onnx_frontend.quant_graph import QuantGraph, QuantOutput


def cut(graph: QuantGraph, start: Collection[str] = (), end: Collection[str] = ()) -> QuantGraph:
    """The graph with the tensors of `start` as inputs and those of `end` as outputs (ONNX names; empty: unchanged).

    A tensor of codes and its dequantized twin are the same tensor. Raises UserError for a name that is not there.
    """
    result = graph
    if end:
        outputs = tuple(
            QuantOutput(name, tensor, name == tensor) for name in end for tensor in [_find(graph, name, "--to")]
        )
        result = replace(result, outputs=outputs)
    if start:
        tensors = [_find(graph, name, "--from") for name in start]
        kept = tuple(n for n in result.nodes if not set(n.outputs) & set(tensors))
        needed = _needed(kept, [o.tensor for o in result.outputs], graph)
        left = [name for name in graph.inputs if name in needed and name not in tensors]
        result = replace(result, nodes=kept, inputs=(*left, *tensors))
    return result


def _find(graph: QuantGraph, name: str, option: str) -> str:
    tensor = graph.names.get(name, name)
    if tensor not in graph.tensors or graph.tensors[tensor].is_constant:
        known = [n for n in (*graph.tensors, *graph.names) if not graph.tensors[graph.names.get(n, n)].is_constant]
        near = get_close_matches(name, known, 3, 0.5) or known[-3:]
        raise UserError.of(
            f"{option} of {graph.file}", "no such tensor", found=name, expected=f"a tensor of the model, such as {near}",
            fix="names are listed by `hwgen check --json`, or by a viewer such as Netron",
        )  # fmt: skip
    return tensor


def _needed(nodes: tuple, tensors: list[str], graph: QuantGraph) -> set[str]:
    producer = {name: node for node in nodes for name in node.outputs}
    found: set[str] = set()
    waiting = list(tensors)
    while waiting:
        name = waiting.pop()
        if name and name not in found:
            found.add(name)
            waiting += producer[name].inputs if name in producer else ()
    return found
