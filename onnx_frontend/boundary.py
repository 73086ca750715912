# SPDX-License-Identifier: Apache-2.0
"""Which part of a QuantGraph becomes hardware, and what stays on the host in front of it and behind it."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_frontend.quant_graph import QuantGraph, QuantNode

HOST_ENDINGS = frozenset(("Softmax", "LogSoftmax", "ArgMax", "ArgMin", "TopK", "Hardmax"))
SUMS = frozenset(("Conv", "MatMul", "Gemm"))
WORK = SUMS | {"ConvTranspose", "LSTM", "GRU", "RNN", "Attention", "Einsum", "Scan", "Loop", "If"}


@dataclass(frozen=True)
class Boundary:
    """before, after: host nodes in order. inputs: tensors of codes that the host hands over. outputs: tensors that it
    takes back: codes on a grid, or the exact sums of a Conv, MatMul or Gemm without a QuantizeLinear behind it."""

    before: tuple[QuantNode, ...]
    device: tuple[QuantNode, ...]
    after: tuple[QuantNode, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def find_boundary(graph: QuantGraph) -> Boundary:
    """In front: all that depends on no tensor of codes, with the first QuantizeLinear. Behind: everything after the
    last tensors of codes, and a final Softmax of floats or ArgMax with what follows it."""
    used = _upstream(graph, [o.tensor for o in graph.outputs], stop=set())
    after = (_endings(graph) | _float_tail(graph)) & used
    coded = _coded(graph)
    before = [n for n in graph.nodes if n in used - after and not any(coded[i] for i in n.inputs if i in coded)]
    handed = {n.output for n in before if n.op == "QuantizeLinear"}
    handed |= {name for name in (*graph.inputs, *graph.unreadable) if graph.tensors[name].quant is not None}
    wanted = {i for n in after for i in n.inputs if i} | {o.tensor for o in graph.outputs}
    device = _upstream(graph, list(wanted), stop=handed) - after - set(before)
    made = {o for n in device for o in n.outputs} | handed
    outputs = tuple(t for t in graph.tensors if t in made & wanted and _comes_as_integers(graph, t))
    read = {i for n in device for i in n.inputs} | set(outputs)
    order = {name: k for k, name in enumerate(graph.inputs)}
    inputs = sorted((t for t in graph.tensors if t in handed & read), key=lambda t: _first_input(graph, t, order))
    return Boundary(
        tuple(before),
        tuple(n for n in graph.nodes if n in device),
        tuple(n for n in graph.nodes if n in after),
        tuple(inputs),
        outputs,
    )


def _comes_as_integers(graph: QuantGraph, tensor: str) -> bool:
    maker = graph.producer.get(tensor)
    return graph.tensors[tensor].quant is not None or (maker is not None and maker.op in SUMS)


def _upstream(graph: QuantGraph, tensors: list[str], stop: set[str]) -> set[QuantNode]:
    """All nodes that the tensors depend on, without looking behind the tensors in `stop`."""
    found: set[QuantNode] = set()
    waiting = list(tensors)
    while waiting:
        name = waiting.pop()
        node = None if name in stop else graph.producer.get(name)
        if node is not None and node not in found:
            found.add(node)
            waiting += [i for i in node.inputs if i]
    return found


def _coded(graph: QuantGraph) -> dict[str, bool]:
    """Per tensor that is no constant: does it depend on a tensor of codes (or is it one)?"""
    coded = {name: graph.tensors[name].quant is not None for name in (*graph.inputs, *graph.unreadable)}
    for node in graph.nodes:
        inherits = node.op == "QuantizeLinear" or any(coded.get(i, False) for i in node.inputs)
        coded |= dict.fromkeys(node.outputs, inherits)
    return coded


def _endings(graph: QuantGraph) -> set[QuantNode]:
    """Nodes from a final Softmax of floats or ArgMax on, where no matrix operator follows."""
    heavy: dict[QuantNode, bool] = {}
    for node in reversed(graph.nodes):
        readers = [r for name in node.outputs for r in graph.consumers.get(name, [])]
        heavy[node] = node.op in WORK or any(heavy[r] for r in readers)
    ending: set[QuantNode] = set()
    for node in graph.nodes:
        starts = node.op in HOST_ENDINGS and not heavy[node] and not _between_codes(graph, node)
        if starts or {graph.producer[i] for i in node.inputs if i in graph.producer} & ending:
            ending.add(node)
    return ending


def _between_codes(graph: QuantGraph, node: QuantNode) -> bool:
    """Whether a Softmax reads codes and all that reads it rounds: then it is an integer operator like any other."""
    readers = graph.consumers.get(node.output, [])
    rounds = bool(readers) and all(r.op == "QuantizeLinear" for r in readers)
    return node.op == "Softmax" and rounds and graph.tensors[node.inputs[0]].quant is not None


def _float_tail(graph: QuantGraph) -> set[QuantNode]:
    """Nodes between the last tensors of codes (or exact sums) and the float outputs."""
    tail: set[QuantNode] = set()
    waiting = [o.tensor for o in graph.outputs]
    while waiting:
        name = waiting.pop()
        node = graph.producer.get(name)
        if node is None or node in tail or node.op in WORK or graph.tensors[name].quant is not None:
            continue
        tail.add(node)
        waiting += [i for i in node.inputs if i]
    return tail


def _first_input(graph: QuantGraph, tensor: str, order: dict[str, int]) -> int:
    """The place in the file of the first graph input behind a tensor."""
    waiting, best = [tensor], len(order)
    while waiting:
        name = waiting.pop()
        best = min(best, order.get(name, best))
        producer = graph.producer.get(name)
        waiting += [] if producer is None else [i for i in producer.inputs if i]
    return best
