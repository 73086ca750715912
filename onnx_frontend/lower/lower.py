# SPDX-License-Identifier: Apache-2.0
"""From a QuantGraph to a Graph of integer operators."""

from __future__ import annotations

from dataclasses import replace

from hwgen.errors import Blocker, UnsupportedOp, UserError
from hwgen.ir.graph import Graph, Label, Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from onnx_frontend.boundary import Boundary, find_boundary
from onnx_frontend.lower.expression import X
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish
from onnx_frontend.lower.rules import RULES
from onnx_frontend.quant_graph import Quant, QuantGraph


def lower(quantized: QuantGraph) -> Graph:
    """The part of the model between the first and the last tensors of codes, in exact integer operators.

    Raises `UnsupportedOp` with every node that cannot be built.
    """
    graph, blockers = lower_leniently(quantized)
    if blockers:
        raise UnsupportedOp(*blockers)
    return graph


def lower_leniently(quantized: QuantGraph) -> tuple[Graph, tuple[Blocker, ...]]:
    """The same with all blockers collected: behind a tensor that cannot be built, lowering goes on as if it were given."""
    boundary = find_boundary(quantized)
    lowering = Lowering(quantized, RULES)
    for tensor in boundary.inputs:
        lowering.done[tensor] = _input(lowering, tensor, tensor)
    blockers: list[Blocker] = []
    for node in boundary.device:
        if node.op != "QuantizeLinear":
            continue
        try:
            finish = Finish(X, quantized.tensors[node.output].quant, (node,), node.output)
            lowering.done[node.output] = lowering.rounded(node.inputs[0], finish)
        except UserError as error:
            blockers += [b for b in error.blockers if b not in blockers]
            lowering.done[node.output] = _input(lowering, node.output, node.output)
    outputs = _outputs(lowering, boundary, blockers)
    labels = {name: _label(quantized.tensors[name].quant) for name in boundary.outputs}
    inputs = tuple(lowering.done[t] for t in boundary.inputs)
    return _labelled(Graph(inputs, outputs, labels), lowering.labels), tuple(blockers)


def _labelled(graph: Graph, tensors: dict[str, str]) -> Graph:
    return graph.rewrite(lambda node: replace(node, tensor=tensors[node.name]) if node.name in tensors else None)


def _outputs(lowering: Lowering, boundary: Boundary, blockers: list[Blocker]) -> dict[str, Node]:
    outputs: dict[str, Node] = {}
    for tensor in boundary.outputs:
        try:
            reader = lowering.graph.producer.get(tensor) or (boundary.device or boundary.after)[-1]
            outputs[tensor] = lowering.grid(tensor, reader).node
        except UserError as error:
            blockers += [b for b in error.blockers if b not in blockers]
    return outputs


def _input(lowering: Lowering, tensor: str, wish: str) -> Node:
    quant, shape = lowering.graph.tensors[tensor].quant, lowering.shape(tensor)
    maker = lowering.graph.producer.get(tensor)
    if maker is not None and maker.inputs[0] in lowering.graph.inputs:
        wish = maker.inputs[0]
    origin = () if maker is None else (maker.name or maker.output,)
    return Node(Input(TensorType(shape, quant.codes)), (), lowering.names.take(wish), origin, tensor)


def _label(quant: Quant) -> Label:
    return Label(quant.scale, quant.zero_point, quant.axis)
