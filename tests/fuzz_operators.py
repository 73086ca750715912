# SPDX-License-Identifier: Apache-2.0
"""The operators that random graphs are made of: each adds nodes behind one tensor and quantizes what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from tests.fuzz_graphs import QONNX, Sketch, Tensor


@dataclass(frozen=True)
class Operator:
    """fits: whether it can take a tensor; apply: adds it."""

    fits: Callable[[Tensor], bool]
    apply: Callable[[Sketch, Tensor], None]


def spread_of(tensor: Tensor) -> float:
    return tensor.scale * 100


def conv(sketch: Sketch, x: Tensor) -> None:
    size, channels = x.shape[2:], x.shape[1]
    groups = int(sketch.pick(1, 1, channels))
    outputs = groups * int(sketch.rng.integers(1, 5)) if groups > 1 else int(sketch.rng.integers(1, 9))
    kernel = tuple(int(sketch.rng.integers(1, min(4, n) + 1)) for n in size)
    strides = tuple(int(s) for s in sketch.rng.integers(1, 3, len(size)))
    dilations = tuple(int(sketch.pick(1, 2)) if 2 * (k - 1) < n else 1 for k, n in zip(kernel, size, strict=True))
    attributes = {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "group": groups}
    if sketch.pick(0, 1):
        attributes["pads"] = tuple(int(p) for p in sketch.rng.integers(0, 3, 2 * len(size)))
    else:
        attributes["auto_pad"] = str(sketch.pick("SAME_UPPER", "SAME_LOWER", "VALID"))
        attributes["dilations"] = (1,) * len(size)
    w, scales = sketch.weights((outputs, channels // groups, *kernel), 0)
    terms = channels // groups * prod(kernel)
    spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(terms))
    bias = sketch.bias(outputs, scales * np.float32(x.scale), spread)
    (y,) = sketch.add("Conv", [x.name, w, *([bias] if bias else [])], **attributes)
    match sketch.rng.integers(5):
        case 0:
            _, y = y, sketch.add("LeakyRelu", [y], alpha=0.25)[0]
        case 1:
            _, y = y, sketch.add("Sigmoid" if sketch.plan.scales == "random" else "Relu", [y])[0]
            spread = 1.0 if sketch.plan.scales == "random" else spread
    sketch.quantize(y, _shape(sketch, y, x), spread)


def _shape(sketch: Sketch, name: str, x: Tensor) -> tuple[int, ...]:
    """What onnx infers for a tensor of the unfinished model."""
    import onnx
    from onnx import TensorProto, helper

    known = sketch.weight_shapes | {t.name: t.shape for t in sketch.tensors}
    graph = helper.make_graph(
        sketch.nodes,
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, _input_shape(sketch))],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None)],
        sketch.initializers,
        value_info=[helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in known.items()],
    )
    imports = [helper.make_opsetid("", sketch.plan.opset), helper.make_opsetid(QONNX, 2)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=sketch.plan.ir_version)
    inferred = onnx.shape_inference.infer_shapes(model, data_prop=True)
    return tuple(d.dim_value for d in inferred.graph.output[0].type.tensor_type.shape.dim)


def _input_shape(sketch: Sketch) -> tuple[int, ...]:
    return sketch.tensors[0].shape


def dense(sketch: Sketch, x: Tensor) -> None:
    inputs, outputs = x.shape[-1], int(sketch.rng.integers(1, 9))
    if sketch.pick(0, 1) and len(x.shape) == 2:
        w, scales = sketch.weights((outputs, inputs), 0)
        spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(inputs))
        bias = sketch.bias(outputs, scales * np.float32(x.scale), spread)
        (y,) = sketch.add("Gemm", [x.name, w, *([bias] if bias else [])], transB=1)
    else:
        w, scales = sketch.weights((inputs, outputs), 1)
        spread = float(spread_of(x) * scales.mean() * 70 * np.sqrt(inputs))
        (y,) = sketch.add("MatMul", [x.name, w])
        bias = sketch.bias(outputs, scales * np.float32(x.scale), spread)
        if bias:
            (y,) = sketch.add("Add", [bias, y] if sketch.pick(0, 1) else [y, bias])
    sketch.quantize(y, (*x.shape[:-1], outputs), spread)


def pool(sketch: Sketch, x: Tensor) -> None:
    size = x.shape[2:]
    op = str(sketch.pick("MaxPool", "AveragePool"))
    kernel = tuple(int(sketch.rng.integers(1, min(4, n) + 1)) for n in size)
    attributes: dict[str, object] = {
        "kernel_shape": kernel,
        "strides": tuple(int(s) for s in sketch.rng.integers(1, 3, len(size))),
    }
    if sketch.pick(0, 1):
        attributes["pads"] = tuple(int(sketch.rng.integers(0, k)) for k in (*kernel, *kernel))
    if op == "AveragePool":
        attributes["count_include_pad"] = int(sketch.pick(0, 1))
    (y,) = sketch.add(op, [x.name], **attributes)
    sketch.quantize(y, _shape(sketch, y, x), spread_of(x))


def mean(sketch: Sketch, x: Tensor) -> None:
    if sketch.pick(0, 1) and len(x.shape) > 2:
        (y,) = sketch.add("GlobalAveragePool", [x.name])
    else:
        axes, keep = [int(sketch.rng.integers(1, len(x.shape)))], int(sketch.pick(0, 1)) if len(x.shape) > 2 else 1
        if sketch.plan.opset < 18:
            (y,) = sketch.add("ReduceMean", [x.name], axes=axes, keepdims=keep)
        else:
            (y,) = sketch.add("ReduceMean", [x.name, sketch.constant(np.array(axes, np.int64))], keepdims=keep)
    sketch.quantize(y, _shape(sketch, y, x), spread_of(x) / 2)


def batch_norm(sketch: Sketch, x: Tensor) -> None:
    """Gains of any sign, zero among them; exact in float32 where all scales are powers of two."""
    channels = x.shape[1]
    exact = sketch.plan.scales == "power"
    gamma = sketch.rng.choice([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0], channels)
    variance = np.ones(channels) if exact else sketch.rng.uniform(0.2, 3.0, channels)
    shift = sketch.rng.choice([-1.0, -0.5, 0.0, 0.25, 1.0], (2, channels)) * sketch.scale_near(spread_of(x))
    constants = [sketch.constant(v.astype(np.float32)) for v in (gamma, *shift, variance)]
    (y,) = sketch.add("BatchNormalization", [x.name, *constants], epsilon=0.0 if exact else 1e-5)
    if sketch.pick(0, 1):
        (y,) = sketch.add("Relu", [y])
    sketch.quantize(y, x.shape, 2 * spread_of(x))


def pair(sketch: Sketch, x: Tensor) -> None:
    partners = [t for t in sketch.tensors if t.shape == x.shape]
    other = partners[int(sketch.rng.integers(len(partners)))]
    op = str(sketch.pick("Add", "Sub", "Mul")) if other is not x else "Add"
    (y,) = sketch.add(op, [x.name, other.name])
    spread = spread_of(x) * spread_of(other) if op == "Mul" else spread_of(x) + spread_of(other)
    sketch.bipolar = False  # a sign of a sum of two scales is refused
    sketch.quantize(y, x.shape, spread)
    sketch.bipolar = True


def with_constant(sketch: Sketch, x: Tensor) -> None:
    channels = sketch.pick(0, 1) and len(x.shape) > 2
    shape = (x.shape[1], *[1] * (len(x.shape) - 2)) if channels else ()
    op = str(sketch.pick("Add", "Mul", "Sub"))
    value = (
        sketch.rng.uniform(0.5, 2.0, shape) * (1 if op == "Mul" else spread_of(x)) * sketch.rng.choice([-1, 1], shape)
    )
    if sketch.plan.scales == "power":
        value = 2.0 ** np.round(np.log2(np.abs(value))) * np.sign(value)
    (y,) = sketch.add(op, [x.name, sketch.constant(np.asarray(value, np.float32))])
    sketch.quantize(y, x.shape, 1.5 * spread_of(x))


def function(sketch: Sketch, x: Tensor) -> None:
    exact = ("Relu", "LeakyRelu", "Abs", "Neg", "Sign")
    curves = ("Sigmoid", "Tanh", "Elu", "Softplus", *(("HardSwish",) if sketch.plan.opset >= 14 else ()))
    op = str(sketch.pick(*exact, *(() if sketch.plan.scales == "power" else curves)))
    (y,) = sketch.add(op, [x.name], **({"alpha": 0.125} if op == "LeakyRelu" else {}))
    sketch.quantize(y, x.shape, 1.0 if op in ("Sigmoid", "Tanh", "Sign") else spread_of(x))


def softmax(sketch: Sketch, x: Tensor) -> None:
    """Over the innermost axis of codes of 8 bits, rounded half to even right behind it."""
    if x.bits > 8:
        return function(sketch, x)
    (y,) = sketch.add("Softmax", [x.name], axis=-1)
    sketch.quantize(y, x.shape, 0.7, alone=True)


def product(sketch: Sketch, x: Tensor) -> None:
    """Of two activations: a tensor and another one of its shape, or itself, turned."""
    if x.bits > 8:
        return function(sketch, x)
    partners = [t for t in sketch.tensors if t.shape == x.shape and t.bits == 8]
    other = partners[int(sketch.rng.integers(len(partners)))]
    rank = len(x.shape)
    (turned,) = sketch.add("Transpose", [other.name], perm=[*range(rank - 2), rank - 1, rank - 2])
    (y,) = sketch.add("MatMul", [x.name, turned])
    spread = spread_of(x) * spread_of(other) * np.sqrt(x.shape[-1])
    sketch.bipolar = False
    sketch.quantize(y, (*x.shape[:-1], x.shape[-2]), float(spread))
    sketch.bipolar = True
    return None


def move(sketch: Sketch, x: Tensor) -> Tensor | None:
    match sketch.rng.integers(6):
        case 0:
            perm = [0, *(int(p) + 1 for p in sketch.rng.permutation(len(x.shape) - 1))]
            (y,) = sketch.add("Transpose", [x.name], perm=perm)
        case 1:
            (y,) = sketch.add("Flatten", [x.name])
        case 2:
            axis = int(sketch.rng.integers(1, len(x.shape)))
            start = int(sketch.rng.integers(x.shape[axis]))
            bounds = [np.array([v], np.int64) for v in (start, x.shape[axis], axis, int(sketch.pick(1, 2)))]
            (y,) = sketch.add("Slice", [x.name, *(sketch.constant(b) for b in bounds)])
        case 3:
            axis = int(sketch.rng.integers(1, len(x.shape)))
            first = int(sketch.rng.integers(x.shape[axis]))
            if not first:
                return function(sketch, x)
            parts = sketch.constant(np.array([first, x.shape[axis] - first], np.int64))
            begin, y = sketch.add("Split", [x.name, parts], outputs=2, axis=axis)
            sketch.quantize(begin, _shape(sketch, begin, x), spread_of(x))
        case 4:
            axis = int(sketch.rng.integers(1, len(x.shape)))
            parts = [
                t
                for t in sketch.tensors
                if t.shape[:axis] + t.shape[axis + 1 :] == x.shape[:axis] + x.shape[axis + 1 :]
            ]
            (y,) = sketch.add("Concat", [x.name, parts[int(sketch.rng.integers(len(parts)))].name], axis=axis)
        case _:
            (y,) = sketch.add("Reshape", [x.name, sketch.constant(np.array([1, -1, int(x.shape[-1])], np.int64))])
    return sketch.quantize(y, _shape(sketch, y, x), spread_of(x))


def spatial(sketch: Sketch, x: Tensor) -> None:
    rank = len(x.shape)
    if sketch.pick(0, 1):
        pads = [0, 0, *(int(p) for p in sketch.rng.integers(0, 3, rank - 2))] * 2
        value = np.float32(sketch.pick(0.0, x.scale * 5))
        (y,) = sketch.add("Pad", [x.name, sketch.constant(np.array(pads, np.int64)), sketch.constant(value)])
    else:
        sizes = np.array([*x.shape[:2], *(int(n * sketch.pick(1, 2, 1.5)) for n in x.shape[2:])], np.int64)
        mode = str(sketch.pick("nearest", "linear"))
        transform = str(sketch.pick("half_pixel", "asymmetric", "align_corners")) if mode == "linear" else "asymmetric"
        extra = {"nearest_mode": "floor"} if mode == "nearest" else {}
        (y,) = sketch.add(
            "Resize",
            [x.name, "", "", sketch.constant(sizes)],
            mode=mode,
            coordinate_transformation_mode=transform,
            **extra,
        )
    sketch.quantize(y, _shape(sketch, y, x), spread_of(x))


def is_spatial(x: Tensor) -> bool:
    return len(x.shape) in (3, 4) and prod(x.shape) < 4000


def is_small(x: Tensor) -> bool:
    return prod(x.shape) < 4000


OPERATORS = (
    Operator(is_spatial, conv),
    Operator(is_spatial, conv),
    Operator(is_small, dense),
    Operator(is_spatial, pool),
    Operator(lambda x: True, mean),
    Operator(is_small, pair),
    Operator(lambda x: len(x.shape) > 1, batch_norm),
    Operator(is_small, with_constant),
    Operator(is_small, function),
    Operator(lambda x: x.shape[-1] > 1 and prod(x.shape) < 1000, softmax),
    Operator(lambda x: prod(x.shape) < 1000, product),
    Operator(is_small, move),
    Operator(is_spatial, spatial),
)
