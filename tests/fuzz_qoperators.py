# SPDX-License-Identifier: Apache-2.0
"""The operators that random QOperator graphs are made of. All activations of a graph have one type, as onnxruntime asks."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from onnx_frontend.unsigned_weights import with_unsigned_weights
from tests.fuzz_graphs import Sketch, Tensor
from tests.fuzz_operators import is_spatial, spread_of

MICROSOFT = "com.microsoft"
Apply = Callable[[Sketch, Tensor], None]


def is_signed(sketch: Sketch) -> bool:
    return bool(sketch.plan.seed % 2)


def start(sketch: Sketch, shape: tuple[int, ...]) -> None:
    """The graph input and its codes."""
    scale, zero, names = result_grid(sketch, 1.0)
    (codes,) = sketch.add("QuantizeLinear", ["x", *names])
    sketch.tensors.append(Tensor(codes, shape, scale, zero, is_signed(sketch)))


def finished(sketch: Sketch) -> onnx.ModelProto:
    """The model with its last tensor of codes as the output."""
    return _model(sketch, sketch.tensors[-1].name, sketch.tensors[-1].shape)


def _model(sketch: Sketch, output: str, shape: tuple[int, ...] | None) -> onnx.ModelProto:
    kind = TensorProto.INT8 if is_signed(sketch) else TensorProto.UINT8
    graph = helper.make_graph(
        sketch.nodes,
        "fuzz",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sketch.tensors[0].shape)],
        [helper.make_tensor_value_info(output, kind, shape)],
        sketch.initializers,
    )
    imports = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def result_grid(sketch: Sketch, spread: float) -> tuple[float, int, list[str]]:
    """(scale, zero point, names of both) for a result whose values are about `spread` large."""
    zero, array = sketch.grid(is_signed(sketch), 8)
    scale = sketch.scale_near(max(spread, 1e-6) / 100)
    return scale, zero, [sketch.constant(np.float32(scale), "scale"), sketch.constant(array, "zero")]


def grid_of(sketch: Sketch, x: Tensor) -> list[str]:
    """A tensor of codes with its scale and zero point."""
    kind = np.int8 if x.signed else np.uint8
    return [x.name, sketch.constant(np.float32(x.scale), "scale"), sketch.constant(np.array(x.zero, kind), "zero")]


def emit(sketch: Sketch, op: str, inputs: list[str], spread: float, **attributes: object) -> None:
    """The operator with the grid of its result behind the inputs; its shape is what onnxruntime gives."""
    scale, zero, names = result_grid(sketch, spread)
    standard = op in ("QLinearConv", "QLinearMatMul")
    order = [*inputs[:6], *names, *inputs[6:]] if op == "QLinearConv" else [*inputs, *names]
    order = [*names, *inputs] if op == "QLinearConcat" else order
    (y,) = sketch.add(op, order, domain="" if standard else MICROSOFT, **attributes)
    sketch.tensors.append(Tensor(y, shape_of(sketch, y), scale, zero, is_signed(sketch)))


def shape_of(sketch: Sketch, name: str) -> tuple[int, ...]:
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    model = with_unsigned_weights(_model(sketch, name, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, {"x": np.zeros(sketch.tensors[0].shape, np.float32)})[0].shape


def weights(sketch: Sketch, shape: tuple[int, ...], axis: int) -> tuple[list[str], np.ndarray]:
    """([codes, scale, zero point], scales), per tensor or per channel of `axis`."""
    signed = is_signed(sketch) or bool(sketch.pick(True, False))
    kind = np.int8 if signed else np.uint8
    codes = sketch.rng.integers(*((-128, 128) if signed else (0, 256)), shape).astype(kind)
    channels = shape[axis] if sketch.pick(0, 1) else 1
    scales = np.array([sketch.scale_near(0.01) for _ in range(channels)], np.float32)
    zero = int(sketch.pick(0, 0, 5) if signed else sketch.pick(128, 119))
    zeros = np.full(channels, zero, kind)
    values = (codes, scales, zeros) if channels > 1 else (codes, scales[0], zeros[0])
    return [sketch.constant(v, "w") for v in values], scales


def bias(sketch: Sketch, channels: int, terms: int) -> list[str]:
    if sketch.pick(0, 1):
        return []
    return [sketch.constant(sketch.rng.integers(-60 * terms, 60 * terms + 1, channels).astype(np.int32), "bias")]


def conv(sketch: Sketch, x: Tensor) -> None:
    size, channels = x.shape[2:], x.shape[1]
    groups = int(sketch.pick(1, 1, channels))
    outputs = groups * int(sketch.rng.integers(1, 4)) if groups > 1 else int(sketch.rng.integers(1, 9))
    kernel = tuple(int(sketch.rng.integers(1, min(4, n) + 1)) for n in size)
    attributes = {
        "kernel_shape": kernel,
        "group": groups,
        "strides": [int(s) for s in sketch.rng.integers(1, 3, len(size))],
    }
    match sketch.rng.integers(3):
        case 0:
            attributes["pads"] = [int(sketch.rng.integers(0, k)) for k in (*kernel, *kernel)]
        case 1:
            attributes["auto_pad"] = str(sketch.pick("SAME_UPPER", "SAME_LOWER", "VALID"))
        case 2:
            attributes["dilations"] = [2 if 2 * (k - 1) < n else 1 for k, n in zip(kernel, size, strict=True)]
    w, scales = weights(sketch, (outputs, channels // groups, *kernel), 0)
    terms = channels // groups * prod(kernel)
    spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(terms))
    emit(sketch, "QLinearConv", [*grid_of(sketch, x), *w, *bias(sketch, outputs, terms)], spread, **attributes)


def outputs_for(sketch: Sketch, x: Tensor) -> int:
    """Few outputs behind the small tensors of random graphs, many behind large ones."""
    return int(sketch.rng.integers(1, 9 if prod(x.shape) < 200 else 65))


def matmul(sketch: Sketch, x: Tensor) -> None:
    inputs, outputs = x.shape[-1], outputs_for(sketch, x)
    w, scales = weights(sketch, (inputs, outputs), 1)
    spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(inputs))
    emit(sketch, "QLinearMatMul", [*grid_of(sketch, x), *w], spread)


def product(sketch: Sketch, x: Tensor) -> None:
    """Of two activations: a tensor and itself turned."""
    rank = len(x.shape)
    (turned,) = sketch.add("Transpose", [x.name], perm=[*range(rank - 2), rank - 1, rank - 2])
    spread = spread_of(x) ** 2 * np.sqrt(x.shape[-1])
    other = Tensor(turned, (), x.scale, x.zero, x.signed)
    emit(sketch, "QLinearMatMul", [*grid_of(sketch, x), *grid_of(sketch, other)], float(spread))


def gemm(sketch: Sketch, x: Tensor) -> None:
    inputs, outputs, turned = x.shape[-1], outputs_for(sketch, x), int(sketch.pick(0, 1))
    w, scales = weights(sketch, (outputs, inputs) if turned else (inputs, outputs), 0 if turned else 1)
    spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(inputs))
    extra = bias(sketch, outputs, inputs) or [""]
    alpha = {"alpha": 0.7} if sketch.pick(0, 0, 1) else {}
    emit(sketch, "QGemm", [*grid_of(sketch, x), *w, *extra], spread, transB=turned, **alpha)


def pair(sketch: Sketch, x: Tensor) -> None:
    """Add or Mul with another tensor, with itself, or with a constant; also repeated along some axes."""
    op = str(sketch.pick("QLinearAdd", "QLinearMul"))
    partners = [t for t in sketch.tensors if t.shape == x.shape]
    other = partners[int(sketch.rng.integers(len(partners)))]
    operands = [grid_of(sketch, x), grid_of(sketch, other) if sketch.pick(0, 1) else _constant(sketch, x)]
    if sketch.pick(0, 1):
        operands.reverse()
    spread = spread_of(x) * spread_of(other) if op == "QLinearMul" else spread_of(x) + spread_of(other)
    emit(sketch, op, [*operands[0], *operands[1]], spread)


def _constant(sketch: Sketch, x: Tensor) -> list[str]:
    shapes = ((), x.shape, (1, x.shape[1], *[1] * (len(x.shape) - 2)), x.shape[-1:])
    shape = shapes[int(sketch.rng.integers(len(shapes)))]
    kind = np.int8 if x.signed else np.uint8
    limits = np.iinfo(kind)
    codes = sketch.rng.integers(limits.min, limits.max + 1, shape).astype(kind)
    return [sketch.constant(codes), *grid_of(sketch, x)[1:]]


def concat(sketch: Sketch, x: Tensor) -> None:
    axis = int(sketch.rng.integers(1, len(x.shape)))
    rest = [t for t in sketch.tensors if t.shape[:axis] + t.shape[axis + 1 :] == x.shape[:axis] + x.shape[axis + 1 :]]
    other = rest[int(sketch.rng.integers(len(rest)))]
    emit(sketch, "QLinearConcat", [*grid_of(sketch, x), *grid_of(sketch, other)], spread_of(x), axis=axis)


def sigmoid(sketch: Sketch, x: Tensor) -> None:
    emit(sketch, "QLinearSigmoid", grid_of(sketch, x), float(sketch.pick(0.39, 1.0)))


def softmax(sketch: Sketch, x: Tensor) -> None:
    emit(sketch, "QLinearSoftmax", grid_of(sketch, x), float(sketch.pick(0.5, 1.0)), axis=-1, opset=13)


def leaky(sketch: Sketch, x: Tensor) -> None:
    alpha = float(sketch.pick(0.01, 0.1, 0.25, float(sketch.rng.uniform())))
    emit(sketch, "QLinearLeakyRelu", grid_of(sketch, x), spread_of(x), alpha=alpha)


def average(sketch: Sketch, x: Tensor) -> None:
    size = x.shape[2:]
    kernel = tuple(int(sketch.rng.integers(1, min(4, n) + 1)) for n in size)
    attributes: dict[str, object] = {"kernel_shape": kernel, "count_include_pad": int(sketch.pick(0, 1))}
    attributes["strides"] = [int(s) for s in sketch.rng.integers(1, 3, len(size))]
    if sketch.pick(0, 1):
        attributes["pads"] = [int(sketch.rng.integers(0, k)) for k in (*kernel, *kernel)]
    emit(sketch, "QLinearAveragePool", grid_of(sketch, x), spread_of(x), **attributes)


def global_average(sketch: Sketch, x: Tensor) -> None:
    emit(sketch, "QLinearGlobalAveragePool", grid_of(sketch, x), spread_of(x) / 2, channels_last=0)


def move(sketch: Sketch, x: Tensor) -> None:
    """An operator of the standard on the codes themselves."""
    match sketch.rng.integers(3 if len(x.shape) > 2 else 2):
        case 0:
            (y,) = sketch.add("Reshape", [x.name, sketch.constant(np.array([1, -1], np.int64))])
        case 1:
            perm = [0, *(int(p) + 1 for p in sketch.rng.permutation(len(x.shape) - 1))]
            (y,) = sketch.add("Transpose", [x.name], perm=perm)
        case _:
            kernel = [int(sketch.rng.integers(1, min(3, n) + 1)) for n in x.shape[2:]]
            (y,) = sketch.add("MaxPool", [x.name], kernel_shape=kernel, strides=[1] * len(kernel))
    sketch.tensors.append(Tensor(y, shape_of(sketch, y), x.scale, x.zero, x.signed))


def any_shape(x: Tensor) -> bool:
    return prod(x.shape) < 4000


EXACT: dict[str, tuple[Callable[[Tensor], bool], Apply]] = {
    "conv": (is_spatial, conv),
    "matmul": (any_shape, matmul),
    "product": (any_shape, product),
    "gemm": (lambda x: len(x.shape) == 2, gemm),
    "pair": (any_shape, pair),
    "concat": (any_shape, concat),
    "sigmoid": (any_shape, sigmoid),
    "leaky": (any_shape, leaky),
    "softmax": (any_shape, softmax),
    "global_average": (is_spatial, global_average),
    "move": (any_shape, move),
}
"""What has to equal onnxruntime bit for bit."""
OPERATORS = {**EXACT, "average": (is_spatial, average)}


def grow(sketch: Sketch, seed: int, names: tuple[str, ...] = tuple(OPERATORS)) -> None:
    """One more operator behind one of the last tensors."""
    sketch.rng = np.random.default_rng(seed)
    source = sketch.tensors[int(sketch.rng.integers(max(0, len(sketch.tensors) - 3), len(sketch.tensors)))]
    fitting = [OPERATORS[name][1] for name in names if OPERATORS[name][0](source)]
    if fitting:
        fitting[int(sketch.rng.integers(len(fitting)))](sketch, source)
