# SPDX-License-Identifier: Apache-2.0
"""FINN: MultiThreshold, the number of thresholds that a value has reached, between operators on whole float numbers."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import numpy as np
import onnx_ir as ir

from hwgen.numerics.range import IntRange
from onnx_frontend.dialects.builder import Builder
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.quant_graph import Quant, QuantTensor

DOMAINS = ("finn.custom_op.general", "qonnx.custom_op.general")
LAYOUTS = {2: "NC", 3: "NWC", 4: "NCHW"}


def read_multi_threshold(builder: Builder, node: ir.Node) -> None:
    """``out_scale * (number of thresholds <= x) + out_bias``, thresholds of shape (C, T) or (1, T)."""
    source, thresholds = (builder.tensor(v) for v in node.inputs[:2])
    if source.name in builder.poisoned:
        return builder.poison(node)
    rank, layout = len(source.shape), _text(node, "data_layout")
    layout = layout or LAYOUTS.get(rank, "")
    axis = layout.index("C") if "C" in layout else 1
    extents = (1, source.shape[axis] if axis < rank else 1)
    fits = thresholds.is_constant and thresholds.value.ndim == 2 and thresholds.value.shape[0] in extents
    scale, bias = (_number(node, name, default) for name, default in (("out_scale", 1.0), ("out_bias", 0.0)))
    if not fits or not scale or source.is_constant:
        builder.block(
            node,
            "its thresholds do not fit the tensor",
            found=f"thresholds {thresholds.shape}, out_scale {scale:.6g}, data {source.shape} in layout {layout}",
            expected="constant thresholds of shape (channels, steps) and an out_scale that is not 0",
            fix="export it again, with data_layout",
        )
        return builder.poison(node)
    shape = [-1 if k == axis else 1 for k in range(rank)]
    steps = [column.reshape(shape).astype(np.float32) for column in thresholds.value.T]
    return add_steps(builder, node, source, steps, scale, bias, _grid(scale, bias, len(steps)))


def add_steps(
    builder: Builder,
    node: ir.Node,
    source: QuantTensor,
    thresholds: list[np.ndarray],
    out_scale: float,
    out_bias: float,
    quant: Quant,
) -> None:
    """The node as ``out_scale * (number of thresholds <= x) + out_bias``, and the grid on which that lies exactly.

    thresholds: each of the rank of the source, so that they broadcast against it.
    """
    out = node.outputs[0]
    names = [f"{out.name}:threshold_{k}" for k in range(len(thresholds))]
    builder.tensors |= {n: QuantTensor(n, t.shape, None, t) for n, t in zip(names, thresholds, strict=True)}
    real = f"{out.name}:real"
    builder.tensors[real] = QuantTensor(real, source.shape)
    attributes = {"out_scale": out_scale, "out_bias": out_bias}
    builder.add(
        node, "MultiThreshold", [source.name, *names], attributes=attributes, outputs=(real,), domain="", version=1
    )
    builder.add(node, "QuantizeLinear", [real], attributes={}, domain="")
    builder.give(out, quant)


def _grid(scale: float, bias: float, steps: int) -> Quant:
    """The widest grid that holds all results, without a zero point."""
    s, b = Fraction(scale), Fraction(bias)
    step = Fraction(gcd(s.numerator * b.denominator, b.numerator * s.denominator), s.denominator * b.denominator)
    ends = sorted(int((n * s + b) / step) for n in (0, steps))
    codes = IntRange(*ends)
    return Quant((step,), (0,), codes.width, codes.signed, narrow=codes)


def _number(node: ir.Node, name: str, default: float) -> float:
    return float(np.float32(node.attributes[name].as_float())) if name in node.attributes else default


def _text(node: ir.Node, name: str) -> str:
    return node.attributes[name].as_string() if name in node.attributes else ""


DIALECT = Dialect({(domain, "MultiThreshold"): read_multi_threshold for domain in DOMAINS})
