# SPDX-License-Identifier: Apache-2.0
"""Constants that no scale per channel describes: scales per block, and small floats.

Both are exact integers on a finer grid. In each channel all scales are whole multiples of their greatest common
divisor, so the codes of each block times its multiple are integers with that one divisor as their scale.
"""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import numpy as np
import onnx_ir as ir

from hwgen.numerics.formats import MINIFLOATS
from hwgen.numerics.range import IntRange
from onnx_frontend.dialects.builder import Builder, fractions_of, one_or_per_channel
from onnx_frontend.dialects.scales import read_scales
from onnx_frontend.quant_graph import Quant, QuantTensor

WIDEST = 48


def needs_fine_grid(node: ir.Node, value: ir.Value, source: QuantTensor) -> bool:
    """Whether a DequantizeLinear reads a constant with scales per block, or one of small floats."""
    scale = node.inputs[1].const_value
    plain = source.is_constant and source.quant is None and scale is not None
    return plain and (_block(node) > 0 or value.dtype.name in MINIFLOATS)


def read_fine_grid(builder: Builder, node: ir.Node) -> None:
    """The constant behind a DequantizeLinear on the coarsest grid, one step per channel, that holds all of it."""
    source, out = builder.tensor(node.inputs[0]), node.outputs[0]
    read = read_scales(builder, node)
    codes = None if read is None else _codes(builder, node, source)
    values = None if codes is None else _on_common_grid(builder, node, codes, *read)
    if values is None:
        return builder.poison(node)
    integers, steps, axis = values
    unit = MINIFLOATS[node.inputs[0].dtype.name].unit if node.inputs[0].dtype.name in MINIFLOATS else 1
    scale = one_or_per_channel([s * unit for s in steps])
    quant = Quant(scale, (0,), IntRange.of_array(integers).width, True, None if len(scale) == 1 else axis)
    builder.tensors[out.name] = QuantTensor(out.name, source.shape, quant, integers, source.dtype)
    return None


def _block(node: ir.Node) -> int:
    return node.attributes["block_size"].as_int() if "block_size" in node.attributes else 0


def _codes(builder: Builder, node: ir.Node, source: QuantTensor) -> np.ndarray | None:
    form = MINIFLOATS.get(node.inputs[0].dtype.name)
    if form is None:
        return source.value.astype(np.int64)
    try:
        return form.integers(source.value)
    except ValueError:
        builder.block(
            node,
            "its weights are not all numbers",
            found="infinities or NaN",
            expected="finite values",
            fix="quantize the weights again, with saturation",
        )
        return None


def _on_common_grid(
    builder: Builder, node: ir.Node, codes: np.ndarray, scales: np.ndarray, zeros: np.ndarray
) -> tuple[np.ndarray, list[Fraction], int] | None:
    """(integers, one step per channel, channel axis), or None with a blocker noted."""
    rank, block = codes.ndim, _block(node)
    axis = (node.attributes["axis"].as_int() if "axis" in node.attributes else 1) % max(1, rank)
    blocked = list(codes.shape)
    if block:
        blocked[axis] = -(-codes.shape[axis] // block)
    shapes = [_shaped(v, codes.shape, axis, blocked) for v in (scales, zeros)]
    if None in shapes:
        builder.block(
            node,
            "its scales do not fit the tensor",
            found=f"scales {scales.shape} and zero points {zeros.shape} for axis {axis} of {codes.shape}",
            expected=f"{tuple(blocked)}",
            fix="export it again",
        )
        return None
    channel = (0 if axis else rank - 1) if block else axis
    multiples, steps = common_steps(np.array(fractions_of(scales), object).reshape(shapes[0]), channel)
    integers = codes - _spread(zeros.reshape(shapes[1]), codes.shape, axis, block)
    if max(multiples).bit_length() + IntRange.of_array(integers).width > WIDEST:
        builder.block(
            node,
            "the scales of its blocks are too far apart",
            found=f"integers of {max(multiples).bit_length() + IntRange.of_array(integers).width} bits on a common grid",
            expected=f"at most {WIDEST}",
            fix="quantize the weights per channel, or with scales that are powers of two",
        )
        return None
    factors = np.array(multiples, np.int64).reshape(shapes[0])
    return integers * _spread(factors, codes.shape, axis, block), steps, channel


def _shaped(values: np.ndarray, shape: tuple[int, ...], axis: int, blocked: list[int]) -> tuple[int, ...] | None:
    """The rank of the tensor for one value, one per index of the axis, or one per block; None if none of these."""
    if values.size == 1:
        return (1,) * len(shape)
    if values.shape == tuple(blocked):
        return tuple(blocked)
    if values.ndim == 1 and len(values) == shape[axis]:
        return tuple(len(values) if k == axis else 1 for k in range(len(shape)))
    return None


def common_steps(scales: np.ndarray, channel: int) -> tuple[list[int], list[Fraction]]:
    """(multiples, flat, in the order of `scales`; steps, one per channel): each scale is its multiple of its step."""
    moved = np.moveaxis(scales, channel, 0) if scales.ndim else scales.reshape(1)
    steps, multiples = [], np.empty(moved.shape, object)
    for k, row in enumerate(moved.reshape(len(moved), -1)):
        unit = lcm(*(s.denominator for s in row))
        whole = [int(s * unit) for s in row]
        divisor = gcd(*whole)
        steps.append(Fraction(divisor, unit))
        multiples[k] = np.array([w // divisor for w in whole], object).reshape(moved.shape[1:])
    back = np.moveaxis(multiples, 0, channel) if scales.ndim else multiples
    return back.ravel().tolist(), steps


def _spread(values: np.ndarray, shape: tuple[int, ...], axis: int, block: int) -> np.ndarray:
    """Values per block repeated along the axis, to broadcast against the tensor."""
    if not block or values.shape[axis] == 1:
        return values
    return np.repeat(values, block, axis).take(np.arange(shape[axis]), axis)
