# SPDX-License-Identifier: Apache-2.0
"""The one form into which every quantized ONNX dialect is read.

Every tensor holds real numbers. A tensor with a `Quant` lies on that grid: its elements are
``scale * (code - zero_point)``, so no node stands for a DequantizeLinear. The only node that rounds is
``QuantizeLinear``, whose output tensor says to which grid; all other nodes are ONNX operators over the reals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

import numpy as np

from hwgen.errors import Blocker, UnsupportedOp, UserError
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Quant:
    """A grid of real numbers: ``scale * (code - zero_point)``.

    scale: exact values of the float32 numbers in the file, one or one per index of `axis`; zero_point likewise.
    narrow: bounds of the codes where they are tighter than the data type (a Clip between Q and DQ).
    block: elements along `axis` that share a scale, or None.
    dialect: how a requantization to this grid rounds (docs/numerics.md).
    """

    scale: tuple[Fraction, ...]
    zero_point: tuple[int, ...]
    bits: int
    signed: bool
    axis: int | None = None
    block: int | None = None
    narrow: IntRange | None = None
    dialect: str = "real"

    @property
    def codes(self) -> IntRange:
        """All codes that can occur."""
        return self.narrow or IntRange.of_bits(self.bits, self.signed)

    @property
    def per_tensor(self) -> bool:
        return len(self.scale) == 1 and len(self.zero_point) == 1

    def same_grid(self, other: Quant) -> bool:
        """Whether equal codes mean equal real numbers."""
        return (self.scale, self.zero_point, self.axis) == (other.scale, other.zero_point, other.axis)


@dataclass(frozen=True, eq=False)
class QuantTensor:
    """A tensor by its ONNX name. value: codes if there is a `quant`, else the numbers themselves; None if not constant."""

    name: str
    shape: tuple[int, ...] | None
    quant: Quant | None = None
    value: np.ndarray | None = None
    dtype: str = "float32"

    @property
    def is_constant(self) -> bool:
        return self.value is not None

    def real(self) -> np.ndarray:
        """The constant as exact fractions (an object array)."""
        return exact(self.value) if self.quant is None else dequantize_exactly(self.value, self.quant)


@dataclass(frozen=True, eq=False)
class QuantNode:
    """One operator in ONNX words. index: its place in the file (None where a function was inlined)."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, object] = field(default_factory=dict)
    index: int | None = None
    domain: str = ""
    version: int = 1

    @property
    def output(self) -> str:
        return self.outputs[0]


@dataclass(frozen=True)
class QuantOutput:
    """A graph output: the tensor behind it, and whether the file gives it as codes or as dequantized reals."""

    name: str
    tensor: str
    as_codes: bool


@dataclass(frozen=True, eq=False)
class QuantGraph:
    """Nodes sources first. inputs: graph inputs in the order of the file; those with a quant arrive as codes.

    names: ONNX names that are other names of a tensor here. unreadable: tensors behind a refused part of the model.
    """

    file: str
    nodes: tuple[QuantNode, ...]
    tensors: Mapping[str, QuantTensor]
    inputs: tuple[str, ...]
    outputs: tuple[QuantOutput, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[str, ...] = ()

    @cached_property
    def producer(self) -> dict[str, QuantNode]:
        return {name: node for node in self.nodes for name in node.outputs if name}

    @cached_property
    def consumers(self) -> dict[str, list[QuantNode]]:
        readers: dict[str, list[QuantNode]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers.setdefault(name, []).append(node)
        return readers

    def place(self, node: QuantNode) -> str:
        """The user's own words for a node: operator, name, position, file."""
        at = "" if node.index is None else f"node {node.index} of "
        return f"{node.op} '{node.name or node.output}' ({at}{self.file})"

    def blocker(self, node: QuantNode, what: str, found: object, expected: object, fix: str) -> Blocker:
        return Blocker(self.place(node), what, str(found), str(expected), fix, node.name or node.output, node.op)

    def refuse(self, node: QuantNode, what: str, found: object, expected: object, fix: str) -> UserError:
        """The error to raise about a node."""
        return UnsupportedOp(self.blocker(node, what, found, expected, fix))


def exact(value: np.ndarray) -> np.ndarray:
    """Exact fractions of float or integer numbers, as an object array of the same shape."""
    flat = [
        Fraction(x)
        for x in np.asarray(value).astype(np.float64 if value.dtype.kind == "f" else object).ravel().tolist()
    ]
    result = np.empty(len(flat), object)
    result[:] = flat
    return result.reshape(value.shape)


def along(values: tuple, axis: int | None, rank: int) -> np.ndarray:
    """Values per tensor or per index of `axis`, as an array that broadcasts against a tensor of that rank."""
    array = np.empty(len(values), object)
    array[:] = values
    shape = [1] * rank
    if len(values) > 1:
        shape[axis] = len(values)
    return array.reshape(shape)


def dequantize_exactly(codes: np.ndarray, quant: Quant) -> np.ndarray:
    """``scale * (code - zero_point)`` in exact fractions (blocks expanded along their axis)."""
    scale, zero = along(quant.scale, quant.axis, codes.ndim), along(quant.zero_point, quant.axis, codes.ndim)
    return np.asarray((codes.astype(object) - zero) * scale, object)


def dequantize_float32(codes: np.ndarray, quant: Quant) -> np.ndarray:
    """What DequantizeLinear gives: ``float32(code - zero_point) * scale`` in float32."""
    scale = along(quant.scale, quant.axis, codes.ndim).astype(np.float64).astype(np.float32)
    zero = along(quant.zero_point, quant.axis, codes.ndim).astype(np.int64)
    return (codes.astype(np.int64) - zero).astype(np.float32) * scale


def quantize_float32(x: np.ndarray, quant: Quant) -> np.ndarray:
    """What QuantizeLinear gives: ``saturate(rne(x / scale) + zero_point)`` with a float32 division (int64 codes)."""
    scale = along(quant.scale, quant.axis, x.ndim).astype(np.float64).astype(np.float32)
    zero = along(quant.zero_point, quant.axis, x.ndim).astype(np.int64)
    with np.errstate(over="ignore"):
        steps = np.rint(x.astype(np.float32) / scale).astype(np.float64)
    steps = np.nan_to_num(steps, nan=0.0)
    return np.clip(steps + zero, quant.codes.lo, quant.codes.hi).astype(np.int64)
