# SPDX-License-Identifier: Apache-2.0
"""One small net an operator, written once and spelled as each exporter would."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IMAGE, VECTOR, TOKENS = (1, 4, 6, 6), (1, 12), (1, 6, 8)
QONNX = "qonnx.custom_op.general"


@dataclass
class Writer:
    """A model under construction. What a tensor and its weights look like is a matter of the exporter."""

    opset: int
    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    def add(self, op: str, inputs: list[str], **attributes: object) -> str:
        output = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], name=f"n_{output}", **attributes))
        return output

    def constant(self, value: object) -> str:
        name = f"c_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value), name))
        return name

    def activation(self, real: str, spread: float) -> str:
        """A float tensor with values up to about `spread`, as the exporter marks it for quantization."""
        return real

    def weights(self, shape: tuple[int, ...], axis: int) -> str:
        """Weights with their outputs along `axis`."""
        return self.constant(self.rng.normal(0, 0.3, shape).astype(np.float32))

    def model(self, build: Build, shape: tuple[int, ...]) -> onnx.ModelProto:
        output = build(self, self.activation("x", 3.0))
        value = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes, "net", [value("x", TensorProto.FLOAT, shape)], [value(output, TensorProto.FLOAT, None)],
            self.constants,
        )  # fmt: skip
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid(QONNX, 2)]
        kept = imports if any(n.domain == QONNX for n in self.nodes) else imports[:1]
        model = helper.make_model(graph, opset_imports=kept, ir_version=8 if self.opset < 21 else 10)
        return model if len(kept) > 1 else onnx.shape_inference.infer_shapes(model)


Build = Callable[[Writer, str], str]


class Qdq(Writer):
    """int8 around every tensor, weights with a scale for each output channel: as torch and TFLite converters write it."""

    clip: tuple[int, int] | None = None

    def activation(self, real: str, spread: float) -> str:
        names = [self.constant(np.float32(spread / 100)), self.constant(np.int8(0 if self.clip else -3))]
        codes = self.add("QuantizeLinear", [real, *names])
        if self.clip:
            codes = self.add("Clip", [codes, *(self.constant(np.int8(end)) for end in self.clip)])
        return self.add("DequantizeLinear", [codes, *names])

    def weights(self, shape: tuple[int, ...], axis: int) -> str:
        codes = self.rng.integers(-127, 128, shape).astype(np.int8)
        scales = self.rng.uniform(0.002, 0.004, shape[axis]).astype(np.float32)
        zeros = np.zeros(shape[axis], np.int8)
        return self.add("DequantizeLinear", [self.constant(v) for v in (codes, scales, zeros)], axis=axis)


class Qcdq(Qdq):
    """The same with 4-bit codes: a Clip between quantizer and dequantizer."""

    clip = (-8, 7)

    def activation(self, real: str, spread: float) -> str:
        return super().activation(real, spread * 14)


class Qonnx(Writer):
    """Quant nodes of 6 bits for tensors, of 4 bits for weights."""

    def activation(self, real: str, spread: float) -> str:
        return self._quant(real, spread / 30, 6)

    def weights(self, shape: tuple[int, ...], axis: int) -> str:
        return self._quant(super().weights(shape, axis), 0.1, 4)

    def _quant(self, x: str, scale: float, bits: int) -> str:
        parameters = [self.constant(np.float32(v)) for v in (scale, 0, bits)]
        return self.add("Quant", [x, *parameters], domain=QONNX, signed=1, narrow=0, rounding_mode="ROUND")


def _behind(op: str, spread: float = 3.0, **attributes: object) -> Build:
    return lambda w, x: w.activation(w.add(op, [x], **attributes), spread)


def _behind_conv(op: str, **attributes: object) -> Build:
    """Quantizers leave some operators in float where nothing quantized feeds them."""
    return lambda w, x: w.activation(w.add(op, [branch(w, x)], **attributes), 3.0)


def conv(w: Writer, x: str) -> str:
    return w.activation(w.add("Conv", [x, w.weights((6, 4, 3, 3), 0)], kernel_shape=[3, 3], pads=[1, 1, 1, 1]), 6.0)


def depthwise(w: Writer, x: str) -> str:
    return w.activation(w.add("Conv", [x, w.weights((4, 1, 3, 3), 0)], kernel_shape=[3, 3], group=4), 4.0)


def gemm(w: Writer, x: str) -> str:
    return w.activation(w.add("Gemm", [x, w.weights((5, 12), 0)], transB=1), 5.0)


def matmul(w: Writer, x: str) -> str:
    return w.activation(w.add("MatMul", [x, w.weights((8, 5), 1)]), 5.0)


def relu(w: Writer, x: str) -> str:
    product = w.add("Conv", [x, w.weights((6, 4, 1, 1), 0)], kernel_shape=[1, 1])
    return w.activation(w.add("Relu", [product]), 4.0)


def add(w: Writer, x: str) -> str:
    return w.activation(w.add("Add", [x, branch(w, x)]), 5.0)


def mul(w: Writer, x: str) -> str:
    return w.activation(w.add("Mul", [x, branch(w, x)]), 5.0)


def branch(w: Writer, x: str) -> str:
    """A second branch: the same shape on a grid of its own."""
    return w.activation(w.add("Conv", [x, w.weights((4, 4, 1, 1), 0)], kernel_shape=[1, 1]), 4.0)


def concat(w: Writer, x: str) -> str:
    return w.activation(w.add("Concat", [x, branch(w, x)], axis=1), 4.0)


def resize(w: Writer, x: str) -> str:
    sizes = w.constant(np.array([1, 1, 2, 2], np.float32))
    empty = w.constant(np.zeros(0, np.float32))
    return w.activation(w.add("Resize", [branch(w, x), empty, sizes], mode="linear"), 3.0)


def gelu(w: Writer, x: str) -> str:
    """As exporters below opset 20 spell it."""
    half, one, root = (w.constant(np.float32(v)) for v in (0.5, 1.0, 2**0.5))
    erf = w.add("Add", [w.add("Erf", [w.add("Div", [x, root])]), one])
    return w.activation(w.add("Mul", [w.add("Mul", [x, erf]), half]), 3.0)


def layer_norm(w: Writer, x: str) -> str:
    scale, bias = (w.constant(np.full(8, v, np.float32)) for v in (1.1, 0.1))
    return w.activation(w.add("LayerNormalization", [x, scale, bias], axis=-1), 3.0)


def attention(w: Writer, x: str) -> str:
    """Scores: a product of two activations."""
    turned = w.add("Transpose", [x], perm=[0, 2, 1])
    return w.activation(w.add("MatMul", [x, turned]), 20.0)


OPERATORS: dict[str, tuple[tuple[int, ...], Build]] = {
    "Conv": (IMAGE, conv),
    "depthwise Conv": (IMAGE, depthwise),
    "Gemm": (VECTOR, gemm),
    "MatMul": (TOKENS, matmul),
    "Conv, Relu": (IMAGE, relu),
    "MaxPool": (IMAGE, _behind_conv("MaxPool", kernel_shape=[2, 2], strides=[2, 2])),
    "AveragePool": (IMAGE, _behind_conv("AveragePool", kernel_shape=[2, 2], strides=[2, 2])),
    "GlobalAveragePool": (IMAGE, _behind_conv("GlobalAveragePool")),
    "Add": (IMAGE, add),
    "Mul": (IMAGE, mul),
    "Concat": (IMAGE, concat),
    "Resize": (IMAGE, resize),
    "Softmax": (VECTOR, _behind("Softmax", 1.0, axis=-1)),
    "Sigmoid": (IMAGE, _behind_conv("Sigmoid")),
    "HardSwish": (IMAGE, _behind_conv("HardSwish")),
    "Gelu": (VECTOR, gelu),
    "LayerNormalization": (TOKENS, layer_norm),
    "MatMul of two activations": (TOKENS, attention),
}
SINCE = {"HardSwish": 14, "LayerNormalization": 17}
"""The opset from which on an operator is there."""
