# SPDX-License-Identifier: Apache-2.0
"""Random graphs of the dialects that compute on whole numbers: Integer operators, FINN's MultiThreshold, NEMO."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper

from tests.fuzz_graphs import Plan, Sketch, Tensor

FINN = "finn.custom_op.general"
Start = Callable[[Sketch, tuple[int, ...]], None]
Grow = Callable[[Sketch, Tensor], None]


def whole_model(sketch: Sketch, shape: tuple[int, ...]) -> onnx.ModelProto:
    """The model of a plan in one of these dialects."""
    start, grow = DIALECTS[sketch.plan.dialect]
    start(sketch, shape)
    for seed in sketch.plan.steps:
        sketch.rng = np.random.default_rng(seed)
        grow(sketch, sketch.tensors[int(sketch.rng.integers(max(0, len(sketch.tensors) - 2), len(sketch.tensors)))])
    last = sketch.tensors[-1]
    codes = TensorProto.INT8 if _is_signed(sketch.plan) else TensorProto.UINT8
    kind = codes if sketch.plan.dialect == "integer" else TensorProto.FLOAT
    graph = helper.make_graph(
        sketch.nodes,
        "fuzz",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(last.name, kind, last.shape)],
        sketch.initializers,
        value_info=[helper.make_tensor_value_info(t.name, kind, t.shape) for t in sketch.tensors[:-1] if t.name != "x"],
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(FINN, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def product(sketch: Sketch, x: Tensor, convolution: str, matmul: str) -> tuple:
    """(operator, attributes, weight shape, result shape, terms) of a random product that fits the tensor."""
    outputs = int(sketch.rng.integers(1, 7))
    if len(x.shape) < 3 or prod(x.shape) > 4000:
        return matmul, {}, (x.shape[-1], outputs), (*x.shape[:-1], outputs), x.shape[-1]
    size, channels = x.shape[2:], x.shape[1]
    groups = int(sketch.pick(1, 1, channels))
    kernel = tuple(int(sketch.rng.integers(1, min(3, n) + 1)) for n in size)
    strides = tuple(int(s) for s in sketch.rng.integers(1, 3, len(size)))
    pads = tuple(int(sketch.rng.integers(0, k)) for k in (*kernel, *kernel))
    out = tuple((n + pads[k] + pads[k + len(size)] - kernel[k]) // strides[k] + 1 for k, n in enumerate(size))
    attributes = {"kernel_shape": kernel, "strides": strides, "pads": pads, "group": groups}
    shape = (groups * outputs, channels // groups, *kernel)
    return convolution, attributes, shape, (1, groups * outputs, *out), prod(shape[1:])


def along_channels(shape: tuple[int, ...], convolution: bool) -> tuple[int, ...]:
    """The shape of one number a channel, as it broadcasts against a result."""
    return (1, shape[1], *[1] * (len(shape) - 2)) if convolution else (shape[-1],)


def start_integer(sketch: Sketch, shape: tuple[int, ...]) -> None:
    _rounded(sketch, "x", shape, 1.0)


def _is_signed(plan: Plan) -> bool:
    """All activations of a graph of Integer operators have one sign, and an output of that type."""
    return plan.dialect == "integer" and bool(plan.seed % 2)


def _rounded(sketch: Sketch, real: str, shape: tuple[int, ...], spread: float) -> None:
    signed = _is_signed(sketch.plan)
    zero, array = sketch.grid(signed)
    scale = sketch.scale_near(max(spread, 1e-6) / 100)
    (codes,) = sketch.add("QuantizeLinear", [real, sketch.constant(np.float32(scale)), sketch.constant(array)])
    sketch.tensors.append(Tensor(codes, shape, scale, zero, signed))


def grow_integer(sketch: Sketch, x: Tensor) -> None:
    """ConvInteger or MatMulInteger, scaled by Cast and Mul, perhaps a bias and a Relu, rounded again."""
    op, attributes, shape, out, terms = product(sketch, x, "ConvInteger", "MatMulInteger")
    signed = x.signed or bool(sketch.pick(True, False))  # onnxruntime takes signed activations by signed weights alone
    kind, low = (np.int8, -128) if signed else (np.uint8, 0)
    w = sketch.rng.integers(low, low + 256, shape).astype(kind)
    zeros = np.array(x.zero, np.int8 if x.signed else np.uint8), np.array(low + 128 + sketch.pick(0, 0, 5), kind)
    inputs = [x.name, *(sketch.constant(v) for v in (w, *zeros))]
    (y,) = sketch.add(op, inputs, **attributes)
    (y,) = sketch.add("Cast", [y], to=TensorProto.FLOAT)
    channels = along_channels(out, op == "ConvInteger")
    several = sketch.pick(0, 1)
    scale = np.array([sketch.scale_near(0.01 * x.scale) for _ in range(prod(channels) if several else 1)], np.float32)
    (y,) = sketch.add("Mul", [y, sketch.constant(scale.reshape(channels) if several else scale[0])])
    spread = float(scale.mean() * 70 * 70 * np.sqrt(terms))
    if sketch.pick(0, 1):
        bias = sketch.rng.normal(0, spread / 3, channels).astype(np.float32)
        (y,) = sketch.add("Add", [y, sketch.constant(bias)])
    if sketch.pick(0, 1):
        (y,) = sketch.add("Relu", [y])
    _rounded(sketch, y, out, spread)


def start_finn(sketch: Sketch, shape: tuple[int, ...]) -> None:
    """Steps on the float input."""
    _steps(sketch, "x", shape, sketch.rng.normal(0, 1, (1, 7)))


def _steps(sketch: Sketch, real: str, shape: tuple[int, ...], thresholds: np.ndarray) -> None:
    rows = np.sort(thresholds, axis=1).astype(np.float32)
    scale, bias = float(sketch.pick(1.0, 2.0)), float(sketch.pick(0.0, -3.0, -1.0))
    layout = {2: "NC", 3: "NCW", 4: "NCHW"}[len(shape)]
    attributes = {"out_scale": scale, "out_bias": bias, "data_layout": layout, "out_dtype": "INT8"}
    (y,) = sketch.add("MultiThreshold", [real, sketch.constant(rows)], domain=FINN, **attributes)
    sketch.tensors.append(Tensor(y, shape, 1.0, 0, True))


def grow_finn(sketch: Sketch, x: Tensor) -> None:
    """A product with small whole weights, perhaps a scale, and the steps of its sums."""
    if len(x.shape) == 3:  # the executor knows steps of vectors and images
        (y,) = sketch.add("Flatten", [x.name])
        x = Tensor(y, (1, prod(x.shape)), x.scale, 0, True)
    op, attributes, shape, out, terms = product(sketch, x, "Conv", "MatMul")
    w = sketch.rng.integers(-2, 3, shape).astype(np.float32)
    (y,) = sketch.add(op, [x.name, sketch.constant(w)], **attributes)
    reach = 6 * np.sqrt(terms)
    if sketch.pick(0, 1):
        (y,) = sketch.add("Mul", [y, sketch.constant(np.float32(0.25))])
        reach /= 4
    rows = int(sketch.pick(1, out[1]))
    _steps(sketch, y, out, np.round(sketch.rng.normal(0, reach, (rows, int(sketch.rng.integers(1, 16))))) + 0.125)


def start_nemo(sketch: Sketch, shape: tuple[int, ...]) -> None:
    """The input is bytes in a float tensor; the first step makes the file known as integerized."""
    sketch.tensors.append(Tensor("x", shape, 1.0, 0, False))


def grow_nemo(sketch: Sketch, x: Tensor) -> None:
    """Conv or MatMul with whole weights, Mul and Add a channel, a truncating Div of integers, and a Clip."""
    op, attributes, shape, out, terms = product(sketch, x, "Conv", "MatMul")
    w = sketch.rng.integers(-7, 8, shape).astype(np.float32)
    (y,) = sketch.add(op, [x.name, sketch.constant(w)], **attributes)
    channels = along_channels(out, op == "Conv")
    gain = sketch.rng.integers(-9, 60, channels).astype(np.float32)
    shift = sketch.rng.integers(-5000, 20000, channels).astype(np.float32)
    (y,) = sketch.add("Mul", [y, sketch.constant(gain)])
    (y,) = sketch.add("Add", [y, sketch.constant(shift)])
    (y,) = sketch.add("Cast", [y], to=TensorProto.INT64)
    (y,) = sketch.add("Mul", [y, sketch.constant(np.array([int(sketch.rng.integers(1, 90))], np.int64))])
    (y,) = sketch.add("Div", [y, sketch.constant(np.array([int(sketch.rng.integers(2000, 90000))], np.int64))])
    (y,) = sketch.add("Cast", [y], to=TensorProto.FLOAT)
    bounds = [sketch.constant(np.float32(b)) for b in (0.0, float(sketch.pick(15.0, 255.0)))]
    (y,) = sketch.add("Clip", [y, *bounds])
    sketch.tensors.append(Tensor(y, out, 1.0, 0, False))


DIALECTS: dict[str, tuple[Start, Grow]] = {
    "integer": (start_integer, grow_integer),
    "finn": (start_finn, grow_finn),
    "nemo": (start_nemo, grow_nemo),
}
