# SPDX-License-Identifier: Apache-2.0
"""From which numbers of the file the exact ratio and offset of a rounding follow, as the bit patterns of its float32.

Lowering composes fractions and forgets where they came from. Here the way is walked again from the other end: the
scales around a node are multiplied, and only what gives exactly the node's own constants is written down. The rule is

    ratio = product of the factors' scales / (divisor * scale of y)
    offset = integer * ratio + (bias integer * bias scale) / scale of y

per channel; `integer` is minus the zero point of x times the sum of the weights, or of the taps of a pool. Where a
function in between has other numbers (a BatchNormalization), there is nothing to say and the fractions stand.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.matmul.op import MatMul
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.requantizer import requantize_ratio
from onnx_frontend.quant_graph import Quant, QuantGraph, QuantNode, QuantTensor, along

Fractions = tuple[Fraction, ...]


def scale_sources(quantized: QuantGraph, graph: Graph) -> dict[str, dict[str, Any]]:
    """The numbers behind the constants of each Requantize and Add of the graph that has such (JSON values)."""
    sources = _Sources(quantized)
    found = {node.name: sources.of(node) for node in graph if isinstance(node.op, Requantize | Add)}
    return {name: numbers for name, numbers in found.items() if numbers is not None}


@dataclass(frozen=True)
class _Factor:
    """A scale that a ratio is a product of: the whole tensor's, or one for each channel."""

    tensor: str
    scale: Fractions
    zero_point: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {"tensor": self.tensor, "float32": bits_of(self.scale), "zero_point": list(self.zero_point)}


class _Sources:
    def __init__(self, quantized: QuantGraph):
        self.quantized = quantized
        self.nodes = {node.name or node.output: node for node in quantized.nodes}

    def of(self, node: Node) -> dict[str, Any] | None:
        y = self._result(node)
        if y is None:
            return None
        return self._sum(node, y) if isinstance(node.op, Add) else self._product(node, y)

    # --- where the numbers are ---------------------------------------------------------------------------------------

    def _path(self, node: Node) -> list[QuantNode]:
        return [self.nodes[name] for name in node.origin if name in self.nodes]

    def _result(self, node: Node) -> _Factor | None:
        """The scale that the node rounds to: that of its own tensor, or of its last QuantizeLinear's."""
        path = self._path(node)
        names = [node.tensor, *(path[-1].outputs if path else ())]
        return next((f for name in names if (f := self._factor(name)) is not None and len(f.scale) == 1), None)

    def _factor(self, name: str) -> _Factor | None:
        tensor = self.quantized.tensors.get(name)
        quant: Quant | None = None if tensor is None else tensor.quant
        return None if quant is None else _Factor(name, quant.scale, quant.zero_point)

    def _operands(self, node: Node) -> list[_Factor]:
        """The scales of the streams that an accumulator is made of, in their order."""
        if node.tensor or node.is_input:
            factor = self._factor(node.tensor)
            return [factor] if factor is not None else []
        return [factor for source in node.operands for factor in self._operands(source)]

    def _weights(self, node: Node) -> tuple[_Factor, np.ndarray] | None:
        """The scale of the constant matrix in an accumulator, and the matrix (weights minus their zero point)."""
        product = next((n for n in _before(node) if isinstance(n.op, MatMul)), None)
        if product is None:
            return None
        for maker in self._path(product):
            for name in maker.inputs:
                factor = self._factor(name)
                if factor is not None and self.quantized.tensors[name].is_constant:
                    return factor, product.src[1].op.values.astype(object)  # type: ignore[attr-defined]
        return None

    def _constants(self, node: Node) -> Iterator[QuantTensor]:
        for maker in self._path(node):
            for name in maker.inputs:
                tensor = self.quantized.tensors.get(name)
                if tensor is not None and tensor.is_constant:
                    yield tensor

    # --- which of them give the node's constants ---------------------------------------------------------------------

    def _product(self, node: Node, y: _Factor) -> dict[str, Any] | None:
        op: Requantize = node.op  # type: ignore[assignment]
        streams = self._operands(node.src[0])
        if not streams or any(len(f.scale) > 1 for f in streams):
            return None
        weights = self._weights(node.src[0])
        factors = list(dict.fromkeys(streams)) if weights is None else [streams[0], weights[0]]
        if weights is None and len(streams) == 2 and len(factors) == 1:
            factors = factors[:1] if op.ratio[0] * y.scale[0] == factors[0].scale[0] else factors * 2
        product = _across([f.scale for f in factors], op.channels)
        if product is None:
            return None
        divisor = _divisor(op, product, y.scale[0], factors)
        if divisor is None:
            return None
        sums = self._sums(op, streams, weights)
        rest = self._offset(node, y, sums)
        if rest is None:
            return None
        return {"factors": [f.to_json() for f in factors], "divisor": str(divisor), "y": y.to_json(), **rest}

    def _sums(
        self, op: Requantize, streams: list[_Factor], weights: tuple[_Factor, np.ndarray] | None
    ) -> list[int] | None:
        if weights is None:
            return None
        sums = weights[1].reshape(len(weights[1]), -1).sum(axis=1).tolist()
        if len(sums) != op.channels:
            return None
        return [-streams[0].zero_point[0] * total for total in sums]

    def _offset(self, node: Node, y: _Factor, sums: list[int] | None) -> dict[str, Any] | None:
        """integer and bias, such that they give the offset exactly."""
        op: Requantize = node.op  # type: ignore[assignment]
        ratios, offsets = (v * (op.channels // len(v)) for v in (op.ratio, op.offset))
        if op.dialect != "real":
            return {"integer": [int(o) for o in offsets]}
        if sums is None:
            if not all(ratios):
                return None
            integers = [o / r for o, r in zip(offsets, ratios, strict=True)]
            if any(i.denominator != 1 for i in integers):
                return None
            return {"integer": [int(i) for i in integers]}
        rest = [(o - i * r) * y.scale[0] for o, i, r in zip(offsets, sums, ratios, strict=True)]
        if not any(rest):
            return {"integer": sums}
        for tensor in self._constants(node):
            bias = _bias(tensor, rest)
            if bias is not None:
                return {"integer": sums, "bias": bias}
        return None

    def _sum(self, node: Node, y: _Factor) -> dict[str, Any] | None:
        op: Add = node.op  # type: ignore[assignment]
        operands = [self._operands(source) for source in node.src]
        if any(len(found) != 1 or len(found[0].scale) != 1 for found in operands):
            return None
        (a,), (b,) = operands
        signs = [int(r * y.scale[0] / f.scale[0]) for r, f in ((op.ratio_a, a), (op.ratio_b, b))]
        exact = all(
            r * y.scale[0] == s * f.scale[0] for r, s, f in zip((op.ratio_a, op.ratio_b), signs, (a, b), strict=True)
        )
        offset = -op.ratio_a * a.zero_point[0] - op.ratio_b * b.zero_point[0]
        if not exact or not set(signs) <= {1, -1} or offset != op.offset:
            return None
        return {"a": a.to_json(), "b": b.to_json(), "signs": signs, "y": y.to_json()}


def _before(node: Node) -> Iterator[Node]:
    """The node and those in front of it, up to the tensors of codes that its integers are made of."""
    yield node
    if not node.tensor:
        for source in node.operands:
            yield from _before(source)


def _across(scales: list[Fractions], channels: int) -> Fractions | None:
    """The product of scales per tensor or per channel; None where they have other counts."""
    product = (Fraction(1),) * channels
    for scale in scales:
        if len(scale) not in (1, channels):
            return None
        product = tuple(p * s for p, s in zip(product, scale * (channels // len(scale)), strict=True))
    return product


def _divisor(op: Requantize, product: Fractions, y: Fraction, factors: list[_Factor]) -> Fraction | None:
    ratios = op.ratio * (op.channels // len(op.ratio))
    if op.dialect != "real":
        if len(factors) != 2:
            return None
        pairs = zip(*(f.scale * (op.channels // len(f.scale)) for f in factors), strict=True)
        same = all(requantize_ratio(a, b, y, op.dialect) == r for (a, b), r in zip(pairs, ratios, strict=True))
        return Fraction(1) if same else None
    if not all(ratios):
        return None
    found = {p / y / r for p, r in zip(product, ratios, strict=True)}
    divisor = found.pop()
    return divisor if not found and divisor.numerator <= 1 << 20 and divisor.denominator <= 1 << 20 else None


def _bias(tensor: QuantTensor, wanted: list[Fraction]) -> dict[str, Any] | None:
    """The constant with these real values, in the integers and scales of the file."""
    value = tensor.value
    if value is None or value.size not in (1, len(wanted)):
        return None
    real = tensor.real().ravel().tolist()
    if real * (len(wanted) // len(real)) != wanted:
        return None
    if tensor.quant is None:
        return {"tensor": tensor.name, "integer": [1] * len(real), "float32": bits_of(real)}
    quant = tensor.quant
    scale, zero = (
        np.broadcast_to(along(v, quant.axis, value.ndim), value.shape) for v in (quant.scale, quant.zero_point)
    )
    integers = (value.astype(object) - zero).ravel().tolist()
    return {"tensor": tensor.name, "integer": [int(i) for i in integers], "float32": bits_of(scale.ravel().tolist())}


def bits_of(values: Fractions | list[Fraction]) -> list[str]:
    """The bit patterns of float32 numbers, 8 hexadecimal digits each."""
    return [struct.pack(">f", float(v)).hex() for v in values]
