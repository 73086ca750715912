# SPDX-License-Identifier: Apache-2.0
"""Which part of a QuantGraph becomes hardware, and what stays on the host in front of it and behind it."""

from __future__ import annotations

from dataclasses import dataclass

from onnx_frontend.quant_graph import QuantGraph, QuantNode

HOST_ENDINGS = frozenset(("Softmax", "LogSoftmax", "ArgMax", "ArgMin", "TopK", "Hardmax"))
WORK = frozenset(("Conv", "ConvTranspose", "MatMul", "Gemm", "LSTM", "GRU", "RNN", "Attention"))


@dataclass(frozen=True)
class Boundary:
    """before, after: host nodes in order; inputs, outputs: tensors of codes at the edge of the hardware."""

    before: tuple[QuantNode, ...]
    device: tuple[QuantNode, ...]
    after: tuple[QuantNode, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def find_boundary(graph: QuantGraph) -> Boundary:
    """In front: all that does not depend on a tensor of codes, with the first QuantizeLinear. Behind: the operators
    after the last tensor of codes that an output needs, and what follows a final Softmax or ArgMax."""
    after = _endings(graph) | _float_tail(graph)
    coded = _depends_on_codes(graph, after)
    before = [n for n in graph.nodes if n not in after and not any(coded.get(i, False) for i in n.inputs)]
    rounds = {n.output for n in before if n.op == "QuantizeLinear"}
    needed = _needed(graph, after)
    device = [n for n in graph.nodes if n in needed and n not in after and n not in set(before)]
    given = {name for name in graph.inputs if graph.tensors[name].quant is not None}
    edge = [name for name in (*graph.inputs, *(n.output for n in before)) if name in given | rounds]
    read = {i for n in (*device, *after) for i in n.inputs} | {o.tensor for o in graph.outputs}
    made = {o for n in device for o in n.outputs} | set(edge)
    wanted = {i for n in after for i in n.inputs} | {o.tensor for o in graph.outputs}
    outputs = [t for t in graph.tensors if t in made & wanted and graph.tensors[t].quant is not None]
    front = [n for n in before if n in _needed(graph, set())]
    order = {name: k for k, name in enumerate(graph.inputs)}
    inputs = sorted((t for t in edge if t in read), key=lambda t: (_first_input(graph, t, order), edge.index(t)))
    return Boundary(
        tuple(front), tuple(device), tuple(n for n in graph.nodes if n in after), tuple(inputs), tuple(outputs)
    )


def _first_input(graph: QuantGraph, tensor: str, order: dict[str, int]) -> int:
    """The place in the file of the first graph input behind a tensor."""
    waiting, best = [tensor], len(order)
    while waiting:
        name = waiting.pop()
        best = min(best, order.get(name, best))
        producer = graph.producer.get(name)
        waiting += [] if producer is None else [i for i in producer.inputs if i]
    return best


def _endings(graph: QuantGraph) -> set[QuantNode]:
    """Nodes from a final Softmax or ArgMax on, where no matrix operator follows."""
    heavy: dict[QuantNode, bool] = {}
    for node in reversed(graph.nodes):
        readers = [r for name in node.outputs for r in graph.consumers.get(name, [])]
        heavy[node] = node.op in WORK or any(heavy[r] for r in readers)
    ending: set[QuantNode] = set()
    for node in graph.nodes:
        starts = node.op in HOST_ENDINGS and not heavy[node]
        makers = {graph.producer[i] for i in node.inputs if i in graph.producer}
        if starts or makers & ending:
            ending.add(node)
    return ending


def _float_tail(graph: QuantGraph) -> set[QuantNode]:
    """Nodes between the last tensors of codes and the float outputs; a matrix operator is never among them."""
    tail: set[QuantNode] = set()
    waiting = [o.tensor for o in graph.outputs if graph.tensors[o.tensor].quant is None]
    while waiting:
        node = graph.producer.get(waiting.pop())
        if node is None or node in tail or node.op in WORK:
            continue
        tail.add(node)
        waiting += [i for i in node.inputs if i and graph.tensors[i].quant is None]
    return _closed(graph, tail)


def _closed(graph: QuantGraph, tail: set[QuantNode]) -> set[QuantNode]:
    """Without the nodes whose results the hardware needs as well (it computes them again from codes)."""
    return {n for n in tail if n.op != "QuantizeLinear"}


def _depends_on_codes(graph: QuantGraph, after: set[QuantNode]) -> dict[str, bool]:
    """Per tensor: does a tensor of codes that is no constant stand before it (or is it one)?"""
    coded = {name: graph.tensors[name].quant is not None for name in graph.inputs}
    for node in graph.nodes:
        inherits = any(coded.get(i, False) for i in node.inputs)
        for name in node.outputs:
            coded[name] = inherits or node.op == "QuantizeLinear"
    return coded


def _needed(graph: QuantGraph, after: set[QuantNode]) -> set[QuantNode]:
    """Nodes that an output depends on."""
    needed: set[QuantNode] = set()
    waiting = [o.tensor for o in graph.outputs]
    while waiting:
        node = graph.producer.get(waiting.pop())
        if node is not None and node not in needed:
            needed.add(node)
            waiting += [i for i in node.inputs if i]
    return needed
