# SPDX-License-Identifier: Apache-2.0
"""From a QuantGraph to a Graph of integer operators."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from hwgen.errors import Blocker, UnsupportedOp, UserError
from hwgen.ir.graph import Graph, Label, Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from onnx_frontend.boundary import WORK, Boundary, find_boundary
from onnx_frontend.lower.coverage import is_foreign, missing_kernel
from onnx_frontend.lower.expression import X
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish
from onnx_frontend.lower.rules import RULES
from onnx_frontend.quant_graph import QuantGraph, QuantNode


def lower(quantized: QuantGraph, norm_error: Fraction | None = None) -> Graph:
    """The part of the model between the first and the last tensors of codes, in exact integer operators.

    norm_error: LSB by which a normalization may be off before it is rounded; None for its usual bound. Raises `UnsupportedOp` with every node that cannot be built.
    """
    graph, blockers = lower_leniently(quantized, norm_error)
    if blockers:
        raise UnsupportedOp(*blockers)
    return graph


def lower_leniently(quantized: QuantGraph, norm_error: Fraction | None = None) -> tuple[Graph, tuple[Blocker, ...]]:
    """The same with all blockers collected: behind a tensor that cannot be built, lowering goes on as if it were given."""
    boundary = find_boundary(quantized)
    lowering = Lowering(quantized, RULES, norm_error=norm_error)
    for tensor in boundary.inputs:
        lowering.done[tensor] = _input(lowering, tensor)
    blockers = _unquantized(quantized, boundary)
    for node in boundary.device:
        if node.op != "QuantizeLinear":
            continue
        try:
            finish = Finish(X, quantized.tensors[node.output].quant, (node,), node.output)
            lowering.done[node.output] = lowering.rounded(node.inputs[0], finish)
        except UserError as error:
            blockers += error.blockers
            if quantized.tensors[node.output].shape is None:  # nothing can be said about what follows
                return Graph((), {}, {}), tuple(dict.fromkeys(blockers))
            lowering.done[node.output] = _input(lowering, node.output)
    outputs, labels = _outputs(lowering, boundary, blockers) if quantized.nodes else ({}, {})
    inputs = tuple(lowering.done[t] for t in boundary.inputs)
    graph = _labelled(Graph(inputs, outputs, labels), lowering.labels)
    return graph, tuple(dict.fromkeys(blockers))


def _unquantized(quantized: QuantGraph, boundary: Boundary) -> list[Blocker]:
    """Matrix operators that nothing quantizes, with all that could not be built then either; operators that nobody
    knows; and a model that leaves nothing to build."""
    fix = f"quantize the model: hwgen quantize {quantized.file} --calib X.npz"
    heavy = [node for node in boundary.before if node.op in WORK]
    blockers = []
    host = {*boundary.before, *boundary.after}
    for node in (n for n in quantized.nodes if n in host):
        missing = missing_kernel(quantized, node)
        if missing is not None and (is_foreign(node) or (heavy and node in boundary.before)):
            blockers.append(missing)
        elif is_foreign(node) and (node in boundary.after or not heavy):
            words = "the host cannot run this operator", f"{node.domain}.{node.op}", "operators of the ONNX standard"
            blockers.append(quantized.blocker(node, *words, "put a QuantizeLinear behind it, or export without it"))
        elif node in heavy:
            what = "it is not quantized", "float input and float weights", "a QuantizeLinear in front of it"
            blockers.append(quantized.blocker(node, *what, fix))
    if not blockers and not boundary.device and not quantized.unreadable:
        quantizes = any(node.op == "QuantizeLinear" for node in quantized.nodes)
        where = "all of them left to the host" if quantizes else "none of them behind a QuantizeLinear"
        left = f"{len(quantized.nodes)} operators, {where}"
        blockers.append(Blocker(quantized.file, "nothing is left to build", left, "a quantized network", fix))
    return blockers


def _labelled(graph: Graph, tensors: dict[str, str]) -> Graph:
    return graph.rewrite(lambda node: replace(node, tensor=tensors[node.name]) if node.name in tensors else None)


def _outputs(
    lowering: Lowering, boundary: Boundary, blockers: list[Blocker]
) -> tuple[dict[str, Node], dict[str, Label]]:
    outputs: dict[str, Node] = {}
    labels: dict[str, Label] = {}
    for tensor in boundary.outputs:
        maker = lowering.graph.producer.get(tensor)
        try:
            if lowering.graph.tensors[tensor].quant is None:
                outputs[tensor], labels[tensor] = _sums(lowering, maker)
            else:
                grid = lowering.grid(tensor, maker or (None, *lowering.graph.nodes)[-1])
                outputs[tensor], labels[tensor] = (
                    grid.node,
                    Label(grid.quant.scale, grid.quant.zero_point, grid.quant.axis),
                )
        except UserError as error:
            blockers += error.blockers
    return outputs, labels


def _sums(lowering: Lowering, maker: QuantNode) -> tuple[Node, Label]:
    """The exact sums of a last layer that nothing rounds, and what they mean."""
    sums = lowering.affine(maker)
    scale, offset = sums.scale, sums.offset
    varying = [
        k for k in range(max(scale.ndim, offset.ndim)) if any(a.ndim > k and a.shape[k] > 1 for a in (scale, offset))
    ]
    if len(varying) > 1:
        raise lowering.graph.refuse(
            maker,
            "its bias varies along several axes and nothing rounds the result",
            f"axes {varying}",
            "one bias per channel, or a QuantizeLinear behind it",
            "quantize the output of this layer",
        )
    flat = [tuple(v.ravel()) for v in (scale, offset)]
    return sums.node, Label(flat[0], (0,), varying[0] if varying else None, flat[1])


def _input(lowering: Lowering, tensor: str) -> Node:
    """A graph input, named as the user's own input where it is that, else as the tensor."""
    quant, shape = lowering.graph.tensors[tensor].quant, lowering.shape(tensor)
    maker = lowering.graph.producer.get(tensor)
    wish = maker.inputs[0] if maker is not None and maker.inputs[0] in lowering.graph.inputs else tensor
    origin = () if maker is None else (maker.name or maker.output,)
    return Node(Input(TensorType(shape, quant.codes)), (), lowering.names.take(wish), origin, tensor)
