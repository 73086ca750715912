# SPDX-License-Identifier: Apache-2.0
"""The constant weights of the matrix products of a file: where they are stored, and as what matrix they act.

Unlike the QuantGraph, this works on the file itself, so that weights can be changed in place and the file stays what its
exporter wrote, in any dialect.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

LAYERS = {
    "Conv": (0, 1, None, None),
    "MatMul": (0, 1, None, None),
    "Gemm": (0, 1, None, None),
    "ConvInteger": (0, 1, None, 3),
    "MatMulInteger": (0, 1, None, 3),
    "QLinearConv": (0, 3, 4, 5),
    "QLinearMatMul": (0, 3, 4, 5),
    "QGemm": (0, 3, 4, 5),
}
"""Operator: the places among its inputs of the activations, the weights, and the weights' scale and zero point."""

QUANTIZERS = ("QuantizeLinear", "Quant", "IntQuant", "BipolarQuant")
MOVES = ("Identity", "Clip")


@dataclass(frozen=True, eq=False)
class LayerWeights:
    """Weights of one layer. All views have shape (outputs, taps, channels): the sums run over the last two axes.

    node, op: of the layer; activations: the tensor that it multiplies; stored: the name that the constant has in the file.
    codes: the constant itself; zero: what it holds where a weight is 0; scale: real numbers of a step.
    """

    node: str
    op: str
    activations: str
    stored: str
    codes: np.ndarray
    zero: np.ndarray
    scale: np.ndarray
    view: _View

    @property
    def real(self) -> np.ndarray:
        """The weights as float64."""
        return self.view.of((self.codes.astype(np.float64) - self.zero) * self.scale)

    @property
    def kept(self) -> np.ndarray:
        """Which weights are not 0: by their integers, not by what a scale makes of them."""
        return self.view.of(self.codes.astype(np.float64) != self.zero)

    def without(self, dropped: np.ndarray) -> np.ndarray:
        """The constant with the `dropped` weights set to 0."""
        zeros = np.broadcast_to(self.zero, self.codes.shape).astype(self.codes.dtype)
        return np.where(self.view.back(dropped, self.codes.shape), zeros, self.codes)


@dataclass(frozen=True)
class _View:
    """How a stored constant becomes (outputs, taps, channels): axes moved by `perm`, then a convolution's or a matrix's."""

    perm: tuple[int, ...]
    outputs_last: bool

    def of(self, stored: np.ndarray) -> np.ndarray:
        moved = stored.transpose(self.perm)
        if self.outputs_last:
            moved = moved.T
        return moved.reshape(*moved.shape[:2], -1).transpose(0, 2, 1)

    def back(self, view: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        moved = tuple(shape[p] for p in self.perm)
        moved = moved[::-1] if self.outputs_last else moved
        array = view.transpose(0, 2, 1).reshape(moved)
        return (array.T if self.outputs_last else array).transpose(np.argsort(self.perm))


class WeightFile:
    """A file whose weights can be changed: `layers` are the matrix products with constant weights of their own, `notes`
    say of every other one why it is none."""

    def __init__(self, path: str | os.PathLike[str]):
        self._model = onnx.load(Path(path))
        graph = self._model.graph
        self.makers = {name: node for node in graph.node for name in node.output}
        self.constants = {i.name: i for i in graph.initializer}
        for node in graph.node:
            if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
                self.constants[node.output[0]] = node.attribute[0].t
        found = [(node, _read(self, node)) for node in graph.node if node.op_type in LAYERS]
        layers = [layer for _, layer in found if isinstance(layer, LayerWeights)]
        uses = Counter(layer.stored for layer in layers)
        self.layers = tuple(layer for layer in layers if uses[layer.stored] == 1)
        self.notes = tuple(
            f"{node.op_type} '{node.name or node.output[0]}': {_reason(layer)}"
            for node, layer in found
            if layer not in self.layers
        )

    def array(self, name: str) -> np.ndarray | None:
        """A constant by its name."""
        return numpy_helper.to_array(self.constants[name]) if name in self.constants else None

    def store(self, layer: LayerWeights, codes: np.ndarray) -> None:
        """Replaces the constant of a layer."""
        tensor = self.constants[layer.stored]
        tensor.CopyFrom(numpy_helper.from_array(codes, tensor.name))

    def save(self, path: Path) -> None:
        """Writes the file, whole or not at all. Raises OSError."""
        with tempfile.TemporaryDirectory(prefix=".hwgen-", dir=path.parent) as folder:
            onnx.save(self._model, Path(folder) / "model.onnx")
            os.replace(Path(folder) / "model.onnx", path)


def _reason(found: LayerWeights | str) -> str:
    return found if isinstance(found, str) else "its weights are shared with other layers"


def _read(file: WeightFile, node: onnx.NodeProto) -> LayerWeights | str:
    """The weights of a layer; or why there are none that could be changed."""
    activations, weights, scale, zero = LAYERS[node.op_type]
    name = node.input[weights]
    if node.op_type == "MatMul" and _leaf(file, node.input[0]) in file.constants:
        return "its constant is the first operand"
    perm: tuple[int, ...] | None = None
    step, nothing = _constant(file, node, scale), _constant(file, node, zero)
    axis = 0 if node.op_type in ("QLinearConv", "ConvInteger") else -1
    while name in file.makers and name not in file.constants:
        maker = file.makers[name]
        if maker.op_type == "DequantizeLinear":
            axis = _attribute(maker, "axis", 1)
            step, nothing = _constant(file, maker, 1), _constant(file, maker, 2)
        elif maker.op_type == "Transpose" and perm is None:
            perm = tuple(_attribute(maker, "perm", ()))
        elif maker.op_type in QUANTIZERS:
            step = nothing = None
        elif maker.op_type not in MOVES:
            return f"{maker.op_type} computes its weights"
        name = maker.input[0]
    codes = file.array(name)
    if codes is None:
        return "its weights are no constant"
    if codes.dtype.kind not in "iuf":
        return f"its weights are stored as {codes.dtype}"
    rank = codes.ndim
    perm = perm or tuple(range(rank))
    convolution = node.op_type.endswith("Conv") or node.op_type == "ConvInteger"
    if not convolution and rank != 2:
        return f"its weights have the shape {codes.shape}"
    if convolution and _attribute(node, "group", 1) > 1 and codes.shape[perm[1]] == 1:
        return "a depthwise convolution"
    view = _View(perm, not convolution and not _attribute(node, "transB", 0))
    parameters = (_spread(v, codes.shape, axis, default) for v, default in ((nothing, 0.0), (step, 1.0)))
    return LayerWeights(
        node.name or node.output[0], node.op_type, node.input[activations], name, codes, *parameters, view
    )


def _leaf(file: WeightFile, name: str) -> str:
    """The first of the chain of tensors that `name` is only a quantized form of."""
    while name not in file.constants and name in file.makers:
        name = file.makers[name].input[0]
    return name


def _constant(file: WeightFile, node: onnx.NodeProto, place: int | None) -> np.ndarray | None:
    given = place is not None and len(node.input) > place and node.input[place]
    return file.array(node.input[place]) if given else None


def _attribute(node: onnx.NodeProto, name: str, default):
    return next((onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == name), default)


def _spread(values: np.ndarray | None, shape: tuple[int, ...], axis: int, default: float) -> np.ndarray:
    """A scale or zero point that broadcasts against the stored constant, whether for the tensor, an axis or blocks."""
    if values is None:
        return np.array(default)
    numbers = np.asarray(values, np.float64)
    if numbers.size == 1:
        return numbers.reshape(())
    if numbers.ndim == 1:
        along = [1] * len(shape)
        along[axis] = -1
        return numbers.reshape(along)
    blocks = tuple(n // b for n, b in zip(shape, numbers.shape, strict=True))
    assert prod(blocks) * numbers.size == prod(shape)
    for k, times in enumerate(blocks):
        numbers = np.repeat(numbers, times, axis=k)
    return numbers
