# SPDX-License-Identifier: Apache-2.0
"""LayerNorm and RMSNorm that an exporter wrote out: x less its mean, over the root of the mean of squares and epsilon."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from onnx_frontend.quant_graph import QuantGraph, QuantNode


@dataclass(frozen=True)
class WrittenNorm:
    """x: the tensor that is normalized, over all axes from `axis` on. centered: whether its mean is taken off."""

    x: str
    axis: int
    epsilon: Fraction
    centered: bool


def written_norm(graph: QuantGraph, node: QuantNode) -> WrittenNorm | None:
    """The normalization whose last operator is `node`: a Div by a root, or a Mul by its Reciprocal. Else None.

    Read are Pow(2) or a Mul by itself for the square, and Sqrt, Pow(0.5) or Pow(-0.5) for the root.
    """
    for top, bottom in _fractions(graph, node):
        variance = _root_of(graph, bottom)
        if variance is None:
            continue
        total, epsilon = variance
        mean = _mean_of(graph, total)
        square = None if mean is None else _square_of(graph, mean[0])
        if square is None or not _same(graph, square, top):
            continue
        deviation = _deviation_of(graph, top)
        if deviation is None:
            return WrittenNorm(top, mean[1], epsilon, False)
        if deviation[1] == mean[1]:
            return WrittenNorm(deviation[0], mean[1], epsilon, True)
    return None


def _fractions(graph: QuantGraph, node: QuantNode) -> list[tuple[str, str]]:
    """(numerator, denominator) pairs that `node` may be; a denominator "1/..." is the reciprocal itself."""
    if node.op == "Div":
        return [(node.inputs[0], node.inputs[1])]
    if node.op != "Mul":
        return []
    pairs = []
    for top, factor in (node.inputs, node.inputs[::-1]):
        maker = graph.producer.get(factor)
        if maker is not None and maker.op == "Reciprocal":
            pairs.append((top, maker.inputs[0]))
        elif maker is not None and maker.op == "Div" and _number(graph, maker.inputs[0]) == 1:
            pairs.append((top, maker.inputs[1]))
        elif maker is not None and maker.op == "Pow" and _number(graph, maker.inputs[1]) == Fraction(-1, 2):
            pairs.append((top, factor))
    return pairs


def _root_of(graph: QuantGraph, tensor: str) -> tuple[str, Fraction] | None:
    """(mean of squares, epsilon) of ``sqrt(mean + epsilon)``."""
    maker = graph.producer.get(tensor)
    powers = (Fraction(1, 2), Fraction(-1, 2))
    if maker is None or not (maker.op == "Sqrt" or (maker.op == "Pow" and _number(graph, maker.inputs[1]) in powers)):
        return None
    added = graph.producer.get(maker.inputs[0])
    if added is None or added.op != "Add":
        return None
    for mean, constant in (added.inputs, added.inputs[::-1]):
        epsilon = _number(graph, constant)
        if epsilon is not None:
            return mean, epsilon
    return None


def _mean_of(graph: QuantGraph, tensor: str) -> tuple[str, int] | None:
    """(what is averaged, first axis) of a ReduceMean over the last axes that keeps them."""
    node = graph.producer.get(tensor)
    shape = None if node is None else graph.tensors[node.inputs[0]].shape
    if node is None or node.op != "ReduceMean" or shape is None or not node.attributes.get("keepdims", 1):
        return None
    given = node.attributes.get("axes", ())
    if len(node.inputs) > 1 and node.inputs[1]:
        given = graph.tensors[node.inputs[1]].value
    axes = sorted(int(a) % len(shape) for a in (() if given is None else given))
    first = len(shape) - len(axes)
    return (node.inputs[0], first) if axes and axes == list(range(first, len(shape))) else None


def _square_of(graph: QuantGraph, tensor: str) -> str | None:
    node = graph.producer.get(tensor)
    if node is None:
        return None
    squares = node.op == "Pow" and _number(graph, node.inputs[1]) == 2
    return node.inputs[0] if squares or (node.op == "Mul" and node.inputs[0] == node.inputs[1]) else None


def _deviation_of(graph: QuantGraph, tensor: str) -> tuple[str, int] | None:
    """(x, first axis) of ``x - mean(x)``."""
    node = graph.producer.get(tensor)
    mean = _mean_of(graph, node.inputs[1]) if node is not None and node.op == "Sub" else None
    return mean if mean is not None and mean[0] == node.inputs[0] else None  # type: ignore[union-attr]


def _same(graph: QuantGraph, a: str, b: str) -> bool:
    """Whether two tensors are one, or deviations of the same tensor that were computed twice."""
    deviations = _deviation_of(graph, a), _deviation_of(graph, b)
    return a == b or (deviations[0] is not None and deviations[0] == deviations[1])


def _number(graph: QuantGraph, tensor: str) -> Fraction | None:
    """The single number of a constant."""
    known = graph.tensors.get(tensor)
    return (
        Fraction(known.real().ravel()[0]) if known is not None and known.is_constant and known.value.size == 1 else None
    )
