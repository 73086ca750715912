# SPDX-License-Identifier: Apache-2.0
"""Pools and means: MaxPool moves codes; averages are exact sums whose division joins the rounding behind them."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import prod

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.pool.op import Reduce
from hwgen.kernels.view.op import Reshape, Transpose
from hwgen.kernels.window.op import Window
from onnx_frontend.lower.conv import spread, window
from onnx_frontend.lower.expression import as_affine_clip, scalar, shrink
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.lower.spatial import Spatial, spatial
from onnx_frontend.quant_graph import QuantNode

VOLUME = 3
"""Spatial axes that a pool may have."""


def max_pool(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """MaxPool of codes. Padding holds the smallest code, which never wins against a real one."""
    (source,) = sources
    if len(node.outputs) > 1 and node.outputs[1]:
        raise lowering.graph.refuse(
            node,
            "its indices output is used",
            found="two outputs",
            expected="the maxima only",
            fix="remove the second output",
        )
    form = spatial(lowering, node, most_axes=VOLUME)
    if form.covers_all:
        return global_max_pool(lowering, node, sources, output)
    return _pooled(lowering, node, source, form, "max", source.type.range.lo)


def global_max_pool(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    (source,) = sources
    return _reduced(lowering, node, source, tuple(range(2, len(source.type.shape))), "max", lowering.named(node))


def before_max(lowering: Lowering, node: QuantNode, finish: Finish) -> tuple[Finish, ...] | None:
    """Rounding may come first only where it keeps the order: a rising function, the same for all positions."""
    line = as_affine_clip(finish.expression)
    if line is None or not finish.expression.is_uniform or not (line.gain > 0).all():
        return None
    return (replace(finish, expression=finish.expression.map_constants(lambda c: c.reshape(()))),)


def _pooled(lowering: Lowering, node: QuantNode, source: Node, form: Spatial, kind: str, fill: int) -> Node:
    """The largest or the sum of each window; over a volume first in its planes, then across them: both are separable."""
    name = lowering.named(node) + ("_sum" if kind == "sum" else "")
    if len(form.size) < VOLUME:
        columns = window(lowering, node, source, form, fill)
        alone = prod(form.kernel) == 1 and kind == "max"
        return columns if alone else lowering.emit(Reduce(kind, 1, prod(form.kernel)), (columns,), name, (node,))
    _, channels, depth, *plane = source.type.shape
    flat = lowering.emit(Reshape((1, channels * depth, *plane)), (source,), f"{name}_planes", (node,))
    inner = Window(form.kernel[1:], form.strides[1:], form.dilations[1:], form.window_pads[1:], fill)
    inside = _reduced_window(lowering, node, flat, inner, kind, f"{name}_plane")
    rows, columns_ = inside.type.shape[2:]
    stack = lowering.emit(Reshape((1, channels, depth, rows * columns_)), (inside,), f"{name}_stack", (node,))
    across = fill * inner.taps if kind == "sum" else fill
    pads = (form.window_pads[0], (0, 0))
    outer = Window((form.kernel[0], 1), (form.strides[0], 1), (form.dilations[0], 1), pads, across)
    total = _reduced_window(lowering, node, stack, outer, kind, name)
    shape = (1, channels, total.type.shape[2], rows, columns_)
    return lowering.emit(Reshape(shape), (total,), f"{name}_volume", (node,))


def _reduced_window(lowering: Lowering, node: QuantNode, source: Node, op: Window, kind: str, name: str) -> Node:
    columns = lowering.emit(op, (source,), f"{name}_window", (node,))
    return lowering.emit(Reduce(kind, 1, op.taps), (columns,), name, (node,))


def average_pool(lowering: Lowering, node: QuantNode) -> Affine:
    """AveragePool: the sum over a window; each position divides by its own count of taps."""
    form = spatial(lowering, node, most_axes=VOLUME)
    if form.covers_all:
        return global_average_pool(lowering, node)
    source = uniform_grid(lowering, node)
    taps, name = prod(form.kernel), lowering.named(node)
    total = _pooled(lowering, node, source.node, form, "sum", int(source.quant.zero_point[0]))
    counts = spread(form.counts(bool(node.attributes.get("count_include_pad", 0))), len(total.type.shape))
    scale = np.array([source.quant.scale[0] / int(c) for c in counts.ravel()], object).reshape(counts.shape)
    offset = -scale * source.quant.zero_point[0] * taps
    return Affine(total, shrink(scale), shrink(offset), False, name)


def global_average_pool(lowering: Lowering, node: QuantNode) -> Affine:
    axes = tuple(range(2, len(lowering.shape(node.inputs[0]))))
    return _mean(lowering, node, axes)


def reduce_mean(lowering: Lowering, node: QuantNode) -> Affine:
    """ReduceMean and ReduceSum over constant axes (an attribute up to opset 17, then an input)."""
    return _mean(lowering, node, _axes(lowering, node))


def reduce_extreme(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """ReduceMax and ReduceMin of codes. A minimum is the maximum of the codes counted from the other end."""
    (source,) = sources
    name, axes = lowering.named(node), _axes(lowering, node)
    if node.op == "ReduceMax":
        return _reduced(lowering, node, source, axes, "max", name)
    ends = source.type.range
    mirror = Table(ends.lo, tuple(range(ends.hi, ends.lo - 1, -1)), "mirror")
    mirrored = lowering.emit(mirror, (source,), f"{name}_mirrored", (node,))
    largest = _reduced(lowering, node, mirrored, axes, "max", f"{name}_max")
    return lowering.emit(mirror, (largest,), name, (node,))


def _axes(lowering: Lowering, node: QuantNode) -> tuple[int, ...]:
    rank = len(lowering.shape(node.inputs[0]))
    given = lowering.value(node, 1)
    listed = node.attributes.get("axes", ()) if given is None else given.ravel()
    return tuple(sorted(int(a) % rank for a in listed)) or tuple(range(rank))


def _mean(lowering: Lowering, node: QuantNode, axes: tuple[int, ...]) -> Affine:
    source = uniform_grid(lowering, node)
    count = prod(source.node.type.shape[a] for a in axes)
    name = lowering.named(node)
    total = _reduced(lowering, node, source.node, axes, "sum", f"{name}_sum")
    divisor = 1 if node.op == "ReduceSum" else count
    scale = source.quant.scale[0] / Fraction(divisor)
    return Affine(total, scalar(scale), scalar(-scale * source.quant.zero_point[0] * count), False, name)


def _reduced(lowering: Lowering, node: QuantNode, source: Node, axes: tuple[int, ...], kind: str, name: str) -> Node:
    """Reduces `axes`: transposed to the end, seen as neighbours of one axis, reduced, and shaped as the ONNX result."""
    shape = source.type.shape
    kept = tuple(k for k in range(len(shape)) if k not in axes)
    order = (*kept, *axes)
    if order != tuple(range(len(shape))):
        source = lowering.emit(Transpose(order), (source,), f"{name}_turned", (node,))
    taps = prod(shape[a] for a in axes)
    flat = lowering.emit(Reshape((1, source.type.size)), (source,), f"{name}_flat", (node,))
    total = lowering.emit(Reduce(kind, 1, taps), (flat,), name, (node,)) if taps > 1 else flat
    wanted = lowering.shape(node.output)
    if total.type.shape == wanted:
        return total
    return lowering.emit(Reshape(wanted), (total,), f"{name}_shaped", (node,))


def uniform_grid(lowering: Lowering, node: QuantNode, position: int = 0) -> Grid:
    """An operand with one scale for the tensor."""
    grid = lowering.grid(node.inputs[position], node)
    if not grid.quant.per_tensor:
        raise lowering.graph.refuse(
            node,
            "its input is quantized per channel",
            found=f"{len(grid.quant.scale)} scales",
            expected="one scale for the activation",
            fix="quantize activations per tensor",
        )
    return grid
