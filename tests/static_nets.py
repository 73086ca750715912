# SPDX-License-Identifier: Apache-2.0
"""Small float networks with the operators that exporters write, and onnxruntime's static quantizer over them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


class _Net:
    """A float network under construction: seeded weights, one tensor after the other."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(0)
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def weights(self, *shape: int) -> str:
        return self.constant(self.rng.normal(0, 0.3, shape).astype(np.float32))

    def constant(self, value: object, dtype: type = np.float32) -> str:
        name = f"k{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        name = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=f"{op}_{len(self.nodes)}", **attributes))
        return name

    def model(self, shape: tuple[int, ...], result: tuple[int, ...]) -> onnx.ModelProto:
        """The network whose last operator gives the result."""
        self.nodes[-1].output[0] = "y"
        info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in (("x", shape), ("y", result))]
        graph = helper.make_graph(self.nodes, "net", info[:1], info[1:], self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def convolutions() -> onnx.ModelProto:
    """Conv, batch norm, Relu6 as Clip, depthwise, residual Add, GELU by Erf, a mean over all positions, Gemm."""
    net = _Net()
    x = net.add("Conv", "x", net.weights(6, 3, 3, 3), net.weights(6), pads=[1] * 4)
    variance = net.constant(np.abs(net.rng.normal(1, 0.2, 6)))
    x = net.add("BatchNormalization", x, net.weights(6), net.weights(6), net.weights(6), variance)
    x = net.add("Clip", x, net.constant(0), net.constant(6))
    x = short = net.add("Relu", net.add("Conv", x, net.weights(6, 1, 3, 3), group=6, pads=[1] * 4, strides=[2, 2]))
    x = net.add("Add", net.add("Conv", x, net.weights(6, 6, 1, 1), net.weights(6)), short)
    x = net.add("ReduceMean", x, axes=[2, 3], keepdims=1)
    x = net.add("Reshape", x, net.constant([1, 6], np.int64))
    net.add("Gemm", gelu(net, x), net.weights(4, 6), net.weights(4), transB=1)
    return net.model((1, 3, 8, 8), (1, 4))


def gelu(net: _Net, x: str) -> str:
    """Gelu as exporters write it below opset 20."""
    half = net.add("Erf", net.add("Div", x, net.constant(1.4142135)))
    return net.add("Mul", net.add("Mul", x, net.add("Add", half, net.constant(1))), net.constant(0.5))


def perceptron() -> onnx.ModelProto:
    """Linear layers over three axes (the bias on either side), GELU by Erf, a residual Add."""
    net = _Net()
    x = net.add("Add", net.weights(16), net.add("MatMul", "x", net.weights(8, 16)))
    x = net.add("Add", net.add("MatMul", gelu(net, x), net.weights(16, 8)), net.weights(8))
    net.add("Add", x, "x")
    return net.model((1, 5, 8), (1, 5, 8))


def attention(tokens: int = 8, width: int = 16, heads: int = 2) -> onnx.ModelProto:
    """Multi-head attention with separate projections, scaled scores and a residual Add, batch axis kept."""
    net = _Net()
    each = net.constant([1, tokens, heads, width // heads], np.int64)
    parts = []
    for _ in range(3):
        x = net.add("Add", net.add("MatMul", "x", net.weights(width, width)), net.weights(width))
        parts.append(net.add("Reshape", x, each))
    queries, values = (net.add("Transpose", x, perm=[0, 2, 1, 3]) for x in (parts[0], parts[2]))
    keys = net.add("Transpose", parts[1], perm=[0, 2, 3, 1])
    scores = net.add("Div", net.add("MatMul", queries, keys), net.constant((width // heads) ** 0.5))
    x = net.add("MatMul", net.add("Softmax", scores, axis=-1), values)
    x = net.add("Reshape", net.add("Transpose", x, perm=[0, 2, 1, 3]), net.constant([1, tokens, width], np.int64))
    net.add("Add", net.add("Add", net.add("MatMul", x, net.weights(width, width)), net.weights(width)), "x")
    return net.model((1, tokens, width), (1, tokens, width))


def packed_attention(style: str, tokens: int = 6, width: int = 16, heads: int = 2) -> onnx.ModelProto:
    """Causal attention on one projection that gives queries, keys and values: "gather", "split" or "slice" takes them apart.

    As torch exports it: the scale in both factors, a mask added to the scores, a guard against rows of NaN.
    """
    net = _Net()
    depth = width // heads
    x = net.add("Add", net.add("MatMul", "x", net.weights(width, 3 * width)), net.weights(3 * width))
    if style == "gather":
        x = net.add("Reshape", x, net.constant([1, tokens, 3, heads, depth], np.int64))
        x = net.add("Transpose", x, perm=[2, 0, 3, 1, 4])
        parts = [net.add("Gather", x, net.constant(part, np.int64), axis=0) for part in range(3)]
    else:
        each = net.constant([1, tokens, heads, depth], np.int64)
        whole = _split(net, x, width) if style == "split" else _slices(net, x, width)
        parts = [net.add("Transpose", net.add("Reshape", part, each), perm=[0, 2, 1, 3]) for part in whole]
    queries, keys = (net.add("Mul", part, net.constant(depth**-0.25)) for part in parts[:2])
    scores = net.add("MatMul", queries, net.add("Transpose", keys, perm=[0, 1, 3, 2]))
    scores = net.add("Add", scores, net.constant(np.triu(np.full((tokens, tokens), -1e4), 1)[None, None]))
    weights = net.add("Softmax", scores, axis=-1)
    weights = net.add("Where", net.add("IsNaN", weights), net.constant(0.0), weights)
    x = net.add("Transpose", net.add("MatMul", weights, parts[2]), perm=[0, 2, 1, 3])
    x = net.add("Reshape", x, net.constant([1, tokens, width], np.int64))
    net.add("Add", net.add("MatMul", x, net.weights(width, width)), net.weights(width))
    return net.model((1, tokens, width), (1, tokens, width))


def _split(net: _Net, x: str, width: int) -> list[str]:
    names = [f"{x}_{part}" for part in range(3)]
    net.nodes.append(helper.make_node("Split", [x, net.constant([width] * 3, np.int64)], names, name="split", axis=2))
    return names


def _slices(net: _Net, x: str, width: int) -> list[str]:
    ends = [net.constant([part * width], np.int64) for part in range(4)]
    axis = net.constant([2], np.int64)
    return [net.add("Slice", x, ends[part], ends[part + 1], axis) for part in range(3)]


def quantize(
    source: onnx.ModelProto, kinds: tuple[str, str], per_channel: bool, symmetric: bool, prepared: bool, folder: Path
) -> onnx.ModelProto:
    """The QDQ form by onnxruntime. kinds: QuantType names of activations and weights; prepared: with quant_pre_process,
    which folds batch norms, makes Gemms of 3-d products and leaves operator sets behind that nothing uses."""
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    shape = [d.dim_value for d in source.graph.input[0].type.tensor_type.shape.dim]

    class Samples:
        def __init__(self) -> None:
            self.left = [{"x": np.random.default_rng(k).normal(size=shape).astype(np.float32)} for k in range(8)]

        def get_next(self):
            return self.left.pop() if self.left else None

    given = folder / "float.onnx"
    onnx.save(source, given)
    if prepared:
        quant_pre_process(given, folder / "prepared.onnx", auto_merge=True)
        given = folder / "prepared.onnx"
    activations, weights = (getattr(QuantType, kind) for kind in kinds)
    quantize_static(
        given,
        folder / "quantized.onnx",
        Samples(),
        quant_format=QuantFormat.QDQ,
        activation_type=activations,
        weight_type=weights,
        per_channel=per_channel,
        extra_options={"ActivationSymmetric": symmetric},
    )
    return onnx.load(folder / "quantized.onnx")
