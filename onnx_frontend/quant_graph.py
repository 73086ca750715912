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
from typing import Any

import numpy as np

from hwgen.errors import Blocker, UnsupportedOp, UserError
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding, round_floats, round_to_integer


@dataclass(frozen=True)
class Quant:
    """A grid of real numbers: ``scale * (code - zero_point)``.

    scale: exact values of the float32 numbers in the file, one or one per index of `axis`; zero_point likewise.
    narrow: bounds of the codes where they are tighter than the data type (a Clip between Q and DQ).
    dialect, rounding: how a requantization to this grid rounds (docs/numerics.md).
    zero_first: whether the zero point is added before rounding, as in QONNX, and not after it, as in ONNX.
    """

    scale: tuple[Fraction, ...]
    zero_point: tuple[int, ...]
    bits: int
    signed: bool
    axis: int | None = None
    narrow: IntRange | None = None
    dialect: str = "real"
    rounding: Rounding = "half_even"
    zero_first: bool = False

    @property
    def codes(self) -> IntRange:
        """All codes that can occur."""
        return self.narrow or IntRange.of_bits(self.bits, self.signed)

    @property
    def per_tensor(self) -> bool:
        return len(self.scale) == 1 and len(self.zero_point) == 1

    @property
    def added(self) -> int:
        """The part of a zero point for the tensor that is added before rounding; `zero_after` is the part behind it."""
        return self.zero_point[0] if self.zero_first else 0

    @property
    def zero_after(self) -> int:
        return 0 if self.zero_first else self.zero_point[0]

    def code_of(self, steps: Fraction) -> int:
        """The code, not clipped, of a real number given in steps of the scale (one grid for the tensor)."""
        return round_to_integer(steps + self.added, self.rounding) + self.zero_after

    @property
    def is_plain(self) -> bool:
        """Whether codes are the numbers that they mean."""
        return self.scale == (1,) and self.zero_point == (0,)

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
    attributes: Mapping[str, Any] = field(default_factory=dict)
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

    @property
    def roundings(self) -> dict[str, tuple[Rounding, int]]:
        """Per quantized tensor its rounding mode and the part of the zero point that is added first."""
        return {n: (t.quant.rounding, t.quant.added) for n, t in self.tensors.items() if t.quant is not None}

    def first_unknown(self, tensor: str) -> QuantNode:
        """The operator in front of a tensor of unknown shape from which on shapes are not known."""
        node = self.producer[tensor]
        unknown = [n for n in node.inputs if n in self.producer and self.tensors[n].shape is None]
        return self.first_unknown(unknown[0]) if unknown else node

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
    """What QuantizeLinear gives: ``saturate(round(x / scale) + zero_point)`` with a float32 division (int64 codes).

    Where the zero point comes first, as in QONNX, that sum is one of float32 too.
    """
    scale = along(quant.scale, quant.axis, x.ndim).astype(np.float64).astype(np.float32)
    zero = along(quant.zero_point, quant.axis, x.ndim).astype(np.int64)
    with np.errstate(over="ignore"):
        steps = x.astype(np.float32) / scale
        steps = steps + zero.astype(np.float32) if quant.zero_first else steps
        steps = round_floats(steps, quant.rounding).astype(np.float64)
    codes = np.nan_to_num(steps, nan=0.0) + (0 if quant.zero_first else zero)
    return np.clip(codes, quant.codes.lo, quant.codes.hi).astype(np.int64)
