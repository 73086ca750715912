# SPDX-License-Identifier: Apache-2.0
"""QONNX: Quant, BipolarQuant and Trunc around float operators, with the meaning that the QONNX executor gives them.

``Quant`` is ``clip(round(x / scale + zero_point))`` minus the zero point and times the scale: the zero point comes
before rounding. Exporters write these nodes into several domains, some of them into that of ONNX itself.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import log2

import numpy as np
import onnx_ir as ir

from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import ROUNDINGS, Rounding
from onnx_frontend.dialects.builder import Builder, fractions_of, one_or_per_channel
from onnx_frontend.dialects.dialect import Dialect
from onnx_frontend.dialects.finn import add_steps
from onnx_frontend.quant_graph import Quant, QuantTensor, along, dequantize_float32, quantize_float32

DOMAINS = ("", "qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
MOST_BITS = 32
UNCLIPPED_BITS = 62


def read_quant(builder: Builder, node: ir.Node) -> None:
    """Quant, IntQuant: over a constant it is computed here, in float32 as the executor does."""
    source, out = builder.tensor(node.inputs[0]), node.outputs[0]
    quant = None if source.name in builder.poisoned else quant_of(builder, node, source)
    if quant is None:
        return builder.poison(node)
    if quant.bits == 1 and quant.signed:
        return _read_sign(builder, node, source, quant)
    if source.is_constant:
        builder.give(out, quant, quantize_float32(_floats(source), quant))
    else:
        builder.add(node, "QuantizeLinear", [source.name], attributes={}, domain="")
        builder.give(out, quant)
    return None


def read_bipolar(builder: Builder, node: ir.Node) -> None:
    """BipolarQuant: the scale where the input is 0 or more, else minus the scale."""
    source = builder.tensor(node.inputs[0])
    scale = None if source.name in builder.poisoned else _constants(builder, node, {"scale": 1})
    quant = None if scale is None else _grid(builder, node, source, scale["scale"], np.zeros(1), (1, True))
    if quant is None:
        return builder.poison(node)
    return _read_sign(builder, node, source, quant)


def _read_sign(builder: Builder, node: ir.Node, source: QuantTensor, quant: Quant) -> None:
    """One bit with a sign: the codes 1 and -1, the first from the code 0 on."""
    out, grid = node.outputs[0], replace(quant, bits=2, narrow=IntRange(-1, 1))
    if source.is_constant:
        value = _floats(source)
        scale, zero = (along(v, quant.axis, value.ndim).astype(np.float32) for v in (quant.scale, quant.zero_point))
        builder.give(out, grid, np.where(value / scale + zero >= 0, 1, -1))
        return None
    if not quant.per_tensor or quant.zero_point[0]:
        builder.block(
            node,
            "this binary quantizer of an activation is not supported",
            found=f"{len(quant.scale)} scales, zero point {quant.zero_point[0]}",
            expected="one scale and the zero point 0",
            fix="quantize activations per tensor",
        )
        return builder.poison(node)
    step = float(quant.scale[0])
    return add_steps(builder, node, source, [np.zeros([1] * len(source.shape), np.float32)], 2 * step, -step, grid)


def read_trunc(builder: Builder, node: ir.Node) -> None:
    """Trunc: codes divided by a power of two. Version 1 keeps the scale, version 2 (six inputs) names the new one."""
    second = len(node.inputs) > 5
    places = {
        "scale": 1,
        "zero_point": 2,
        "bits": 3,
        **({"out_scale": 4, "out_bits": 5} if second else {"out_bits": 4}),
    }
    source = builder.tensor(node.inputs[0])
    given = None if source.name in builder.poisoned else _constants(builder, node, places)
    rounding = None if given is None else _rounding(builder, node, "FLOOR")
    if rounding is None:
        return builder.poison(node)
    wide = _grid(builder, node, source, given["scale"], given["zero_point"], (UNCLIPPED_BITS, True))
    out = None if wide is None else _truncated(builder, node, wide, given, rounding)
    if out is None:
        return builder.poison(node)
    name = source.name
    if source.quant is None or not source.quant.same_grid(wide):
        name = _inner(builder, node, "codes", source.shape, wide)
        builder.add(node, "QuantizeLinear", [source.name], attributes={}, outputs=(name,), domain="")
    gain = out.scale[0] / (wide.scale[0] * _divisor(wide, given))
    for op, value in (
        ("Mul", gain),
        ("Add", wide.zero_point[0] * gain * wide.scale[0] - out.scale[0] * out.zero_point[0]),
    ):
        if value != (op == "Mul"):
            name = _affine(builder, node, op, name, value, source.shape)
    builder.add(node, "QuantizeLinear", [name], attributes={}, domain="")
    builder.give(node.outputs[0], out)
    return None


def _divisor(wide: Quant, given: dict[str, np.ndarray]) -> Fraction:
    if "out_scale" not in given:
        return Fraction(2) ** int(given["bits"].item() - given["out_bits"].item())
    return Fraction(2) ** round(log2(fractions_of(given["out_scale"])[0] / wide.scale[0]))


def _truncated(
    builder: Builder, node: ir.Node, wide: Quant, given: dict[str, np.ndarray], rounding: Rounding
) -> Quant | None:
    """The grid of the result."""
    if "out_scale" not in given:
        return replace(wide, rounding=rounding)
    zero = wide.zero_point[0] / _divisor(wide, given)
    if zero.denominator != 1:
        builder.block(
            node,
            "its zero point is no integer after the truncation",
            found=str(zero),
            expected="a zero point that the divisor divides",
            fix="quantize with the zero point 0",
        )
        return None
    kind = _kind(builder, node, given["out_bits"])
    grid = None if kind is None else _grid(builder, node, None, given["out_scale"], np.array([float(zero)]), kind)
    return None if grid is None else replace(grid, rounding=rounding)


def _inner(builder: Builder, node: ir.Node, what: str, shape: tuple[int, ...] | None, quant: Quant | None) -> str:
    """A tensor between the steps of one node of the file."""
    name = f"{node.outputs[0].name}:{what}"
    builder.tensors[name] = QuantTensor(name, shape, quant)
    return name


def _affine(
    builder: Builder, node: ir.Node, op: str, source: str, value: Fraction, shape: tuple[int, ...] | None
) -> str:
    constant = f"{node.outputs[0].name}:{op.lower()}_by"
    builder.tensors[constant] = QuantTensor(constant, (), None, np.array(value, object))
    name = _inner(builder, node, op.lower(), shape, None)
    builder.add(node, op, [source, constant], attributes={}, outputs=(name,), domain="", version=13)
    return name


def read_float_quant(builder: Builder, node: ir.Node) -> None:
    """FloatQuant: codes of minifloats, for which there is no hardware."""
    builder.block(
        node,
        "this number format is not supported",
        found="FloatQuant: minifloats",
        expected="Quant, IntQuant or BipolarQuant",
        fix="train and export with integer quantizers",
    )
    builder.poison(node)


def quant_of(builder: Builder, node: ir.Node, source: QuantTensor) -> Quant | None:
    """The grid that a Quant node names, or None (with a blocker noted) where it names none that can be built."""
    given = _constants(builder, node, {"scale": 1, "zero_point": 2, "bits": 3})
    kind = None if given is None else _kind(builder, node, given["bits"])
    rounding = None if kind is None else _rounding(builder, node, "ROUND")
    quant = None if rounding is None else _grid(builder, node, source, given["scale"], given["zero_point"], kind)
    return None if quant is None else replace(quant, rounding=rounding)


def _constants(builder: Builder, node: ir.Node, places: dict[str, int]) -> dict[str, np.ndarray] | None:
    found = {name: builder.tensor(node.inputs[k]) for name, k in places.items()}
    if any(t.name in builder.poisoned for t in found.values()):
        return None
    moving = [name for name, t in found.items() if not t.is_constant]
    if moving:
        builder.block(
            node,
            "its parameters are computed at run time",
            found=f"{', '.join(moving)}: not constant",
            expected="a constant scale, zero point and bit width",
            fix="export with parameters as constants",
        )
        return None
    return {name: _floats(t).astype(np.float64) for name, t in found.items()}


def _floats(tensor: QuantTensor) -> np.ndarray:
    return tensor.value if tensor.quant is None else dequantize_float32(tensor.value, tensor.quant)


def _rounding(builder: Builder, node: ir.Node, default: str) -> Rounding | None:
    given = node.attributes["rounding_mode"].as_string() if "rounding_mode" in node.attributes else default
    name = "half_even" if given.upper() == "ROUND" else given.lower()
    if name in ROUNDINGS:
        return name
    builder.block(
        node,
        "there is no such rounding mode",
        found=given,
        expected="ROUND, HALF_EVEN, CEIL, FLOOR, UP, DOWN, HALF_UP or HALF_DOWN",
        fix="export it again",
    )
    return None


def _kind(builder: Builder, node: ir.Node, bits: np.ndarray) -> tuple[int, bool] | None:
    """(bits, signed)"""
    widths = set(bits.ravel().tolist())
    signed = bool(_flag(node, "signed", 1))
    if len(widths) == 1 and (width := widths.pop()) == int(width) and 1 <= width <= MOST_BITS:
        return int(width), signed
    builder.block(
        node,
        "this bit width is not supported",
        found=f"{bits.ravel().tolist()[:4]} bits",
        expected=f"one whole number from 1 to {MOST_BITS}",
        fix="use one bit width for the tensor",
    )
    return None


def _flag(node: ir.Node, name: str, default: int) -> int:
    return node.attributes[name].as_int() if name in node.attributes else default


def _grid(
    builder: Builder,
    node: ir.Node,
    source: QuantTensor | None,
    scales: np.ndarray,
    zeros: np.ndarray,
    kind: tuple[int, bool],
) -> Quant | None:
    """Scales and zero points broadcast against the tensor; at most along one axis they may vary."""
    shape = () if source is None or source.shape is None else source.shape
    axes = {len(shape) - a.ndim + k for a in (scales, zeros) for k, extent in enumerate(a.shape) if extent > 1}
    whole = np.isfinite(zeros).all() and (zeros == np.rint(zeros)).all()
    if not (np.isfinite(scales) & (scales > 0)).all() or not whole:
        what = f"scales from {scales.min():.6g}, zero points from {zeros.min():.6g}"
        fix = "calibrate or train again; export with integer zero points"
        builder.block(
            node, "it names no grid of integers", found=what, expected="scales above 0 and whole zero points", fix=fix
        )
        return None
    if len(axes) > 1 or any(axis < 0 for axis in axes):
        what = f"scales of shape {scales.shape}, zero points of shape {zeros.shape} for {shape}"
        fix = "quantize the weights per output channel"
        builder.block(
            node, "its scales vary along several axes", found=what, expected="one, or one per channel", fix=fix
        )
        return None
    bits, signed = kind
    codes = IntRange.of_bits(bits, signed)
    if _flag(node, "narrow", 0) and (bits > 1 or not signed):
        codes = IntRange(codes.lo + 1, codes.hi) if signed else IntRange(0, max(0, codes.hi - 1))
    scale, zero = one_or_per_channel(fractions_of(scales)), one_or_per_channel([int(z) for z in zeros.ravel()])
    axis = axes.pop() if axes else None
    return Quant(scale, zero, bits, signed, axis, narrow=codes, zero_first=True)


DIALECT = Dialect(
    {
        (domain, op): reader
        for domain in DOMAINS
        for op, reader in (
            ("Quant", read_quant),
            ("IntQuant", read_quant),
            ("BipolarQuant", read_bipolar),
            ("Trunc", read_trunc),
            ("FloatQuant", read_float_quant),
        )
    }
)
