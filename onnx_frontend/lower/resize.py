# SPDX-License-Identifier: Apache-2.0
"""Resize and Upsample, nearest and linear, with exact rational positions and weights."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import ceil, floor, lcm

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.resize.op import Interpolate, Taps
from onnx_frontend.lower.expression import scalar
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Affine, Finish, Grid
from onnx_frontend.lower.pool import uniform_grid
from onnx_frontend.quant_graph import QuantNode

LARGEST_DENOMINATOR = 1 << 12


def rounded_resize(lowering: Lowering, node: QuantNode, finish: Finish) -> Node:
    """Nearest: round first and repeat codes. Linear: an exact weighted sum, rounded once."""
    if is_nearest(node) and finish.expression.is_uniform:
        inner = replace(finish, tensor="", expression=finish.expression.map_constants(lambda c: c.reshape(())))
        source = lowering.rounded(node.inputs[0], inner)
        return lowering.label(_nearest(lowering, node, source), finish.tensor)
    return lowering.rules.finish(lowering, lowering.affine(node), finish)


def grid_resize(lowering: Lowering, node: QuantNode) -> Grid | None:
    """The codes of a nearest Resize without a QuantizeLinear behind it."""
    if not is_nearest(node):
        return None
    grid = lowering.grid(node.inputs[0], node)
    return Grid(_nearest(lowering, node, grid.node), grid.quant)


def resize(lowering: Lowering, node: QuantNode) -> Affine:
    """The interpolated sums and what they mean."""
    source = uniform_grid(lowering, node)
    op = Interpolate(all_taps(lowering, node))
    total = (
        source.node
        if _is_identity(op, source.node)
        else lowering.emit(op, (source.node,), f"{lowering.named(node)}_sum", (node,))
    )
    scale = source.quant.scale[0] / op.denominator
    offset = -source.quant.scale[0] * source.quant.zero_point[0]
    return Affine(total, scalar(scale), scalar(offset), False, lowering.named(node))


def is_nearest(node: QuantNode) -> bool:
    return str(node.attributes.get("mode", "nearest")) == "nearest"


def _nearest(lowering: Lowering, node: QuantNode, source: Node) -> Node:
    op = Interpolate(all_taps(lowering, node))
    return source if _is_identity(op, source) else lowering.emit(op, (source,), lowering.named(node), (node,))


def _is_identity(op: Interpolate, source: Node) -> bool:
    return op.denominator == 1 and all(
        t.first == tuple(range(n)) for t, n in zip(op.axes, source.type.shape[2:], strict=True)
    )


def all_taps(lowering: Lowering, node: QuantNode) -> tuple[Taps, ...]:
    """The taps of each spatial axis of (1, C, *spatial)."""
    old, new = lowering.shape(node.inputs[0]), lowering.shape(node.output)
    wrong = [
        f"{name}={node.attributes[name]}"
        for name, fine in (
            ("mode", ("nearest", "linear")),
            ("antialias", (0,)),
            ("keep_aspect_ratio_policy", ("stretch", "not_larger", "not_smaller")),
        )
        if node.attributes.get(name, fine[0]) not in fine
    ]
    if wrong or not 3 <= len(old) <= 4 or old[:2] != new[:2]:
        raise lowering.graph.refuse(
            node,
            "this way of resizing is not supported",
            found=", ".join(wrong) or f"{list(old)} to {list(new)}",
            expected="nearest or linear along the last one or two axes of (1, C, *spatial)",
            fix="use mode nearest or linear without antialias, on channels-first images",
        )
    scales = _scales(lowering, node, old, new)
    return tuple(_taps(lowering, node, n, m, s) for n, m, s in zip(old[2:], new[2:], scales[2:], strict=True))


def _scales(lowering: Lowering, node: QuantNode, old: tuple[int, ...], new: tuple[int, ...]) -> list[Fraction]:
    """Exact factors per axis. A float32 that only stands for a simple fraction, or for a ratio of sizes, is taken as it."""
    position = 1 if node.op == "Upsample" or node.version < 11 else 2
    given = lowering.value(node, position)
    if given is None and "scales" in node.attributes:
        given = np.array(node.attributes["scales"], np.float32)
    ratios = [Fraction(m, n) for n, m in zip(old, new, strict=True)]
    if given is None or given.size == 0:
        return _kept_aspect(lowering, node, old, ratios)
    axes = [int(a) % len(old) for a in node.attributes.get("axes", range(len(old)))]
    for axis, value in zip(axes, given.ravel(), strict=True):
        if np.float32(value) != np.float32(new[axis] / old[axis]):
            ratios[axis] = _simple(value)
        if max(ratios[axis].denominator, ratios[axis].numerator) > LARGEST_DENOMINATOR and not is_nearest(node):
            raise lowering.graph.refuse(
                node,
                "its scale is no simple fraction",
                f"scale {value} along axis {axis}",
                f"{new[axis]}/{old[axis]}",
                "give sizes instead",
            )
    return ratios


def _kept_aspect(lowering: Lowering, node: QuantNode, old: tuple[int, ...], ratios: list[Fraction]) -> list[Fraction]:
    """One factor for all axes that are resized, where the aspect ratio is kept: that of the sizes asked for."""
    policy = str(node.attributes.get("keep_aspect_ratio_policy", "stretch"))
    if policy == "stretch":
        return ratios
    axes = [int(a) % len(old) for a in node.attributes.get("axes", range(len(old)))]
    sizes = lowering.value(node, 3)
    assert sizes is not None, "shapes are known"
    asked = [Fraction(int(m), old[a]) for m, a in zip(sizes.ravel(), axes, strict=True)]
    factor = min(asked) if policy == "not_larger" else max(asked)
    return [factor if a in axes else ratio for a, ratio in enumerate(ratios)]


def _simple(value: float) -> Fraction:
    """The simple fraction that a float32 stands for; itself where there is none."""
    nearest = Fraction(float(value)).limit_denominator(LARGEST_DENOMINATOR)
    return nearest if np.float32(float(nearest)) == np.float32(value) else Fraction(float(value))


def _taps(lowering: Lowering, node: QuantNode, n: int, m: int, scale: Fraction) -> Taps:
    places = [min(max(_place(lowering, node, p, n, m, scale), Fraction(0)), Fraction(n - 1)) for p in range(m)]
    if is_nearest(node):
        first = [_round(lowering, node, x) for x in places]
        return Taps(tuple(min(max(f, 0), n - 1) for f in first), (1,) * m, (0,) * m, 1)
    first = [min(floor(x), max(n - 2, 0)) for x in places]
    far = [x - f for x, f in zip(places, first, strict=True)]
    den = lcm(*(f.denominator for f in far))
    return Taps(tuple(first), tuple(int((1 - f) * den) for f in far), tuple(int(f * den) for f in far), den)


def _place(lowering: Lowering, node: QuantNode, p: int, n: int, m: int, scale: Fraction) -> Fraction:
    """The coordinate in the input that belongs to output position p."""
    old_style = node.op == "Upsample" or node.version < 11
    mode = str(node.attributes.get("coordinate_transformation_mode", "asymmetric" if old_style else "half_pixel"))
    half = Fraction(1, 2)
    match mode:
        case "half_pixel":
            return (p + half) / scale - half
        case "pytorch_half_pixel":
            return (p + half) / scale - half if m > 1 else Fraction(0)
        case "align_corners":
            return Fraction(p * (n - 1), m - 1) if m > 1 else Fraction(0)
        case "asymmetric":
            return p / scale
        case "tf_half_pixel_for_nn":
            return (p + half) / scale
        case "half_pixel_symmetric":
            adjustment = Fraction(m) / (scale * n)
            return Fraction(n, 2) * (1 - adjustment) + (p + half) / scale - half
    raise lowering.graph.refuse(
        node,
        "this coordinate transformation is not supported",
        found=mode,
        expected="half_pixel, pytorch_half_pixel, align_corners, asymmetric, half_pixel_symmetric or tf_half_pixel_for_nn",
        fix="export with one of these",
    )


def _round(lowering: Lowering, node: QuantNode, x: Fraction) -> int:
    default = "floor" if node.op == "Upsample" or node.version < 11 else "round_prefer_floor"
    half = Fraction(1, 2)
    match str(node.attributes.get("nearest_mode", default)):
        case "floor":
            return floor(x)
        case "ceil":
            return ceil(x)
        case "round_prefer_ceil":
            return floor(x + half)
        case _:
            return ceil(x - half)
