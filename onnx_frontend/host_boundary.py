# SPDX-License-Identifier: Apache-2.0
"""What the host computes in NumPy around a design: from the model's inputs to codes, and from codes to its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from hwgen.errors import InternalError, UserError
from hwgen.ir.graph import Graph, Label
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import Rounding
from onnx_frontend.boundary import find_boundary
from onnx_frontend.host_functions import HostOp, run_on_host, unpacked
from onnx_frontend.quant_graph import Quant, QuantGraph, QuantNode, dequantize_float32, quantize_float32

Arrays = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class HostTensor:
    """An input or output of the model: shape of one frame and ONNX element type."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class HostGrid:
    """What the codes of a tensor mean: ``scale * (code - zero_point) + offset`` (fractions as ``"p/q"``).

    lo, hi: codes to which a QuantizeLinear saturates; axis: the channel axis where there are several entries.
    rounding, zero_first: as in a `Quant`.
    """

    scale: tuple[str, ...]
    zero_point: tuple[int, ...]
    offset: tuple[str, ...]
    axis: int | None
    lo: int
    hi: int
    rounding: Rounding = "half_even"
    zero_first: bool = False

    @cached_property
    def quant(self) -> Quant:
        narrow = IntRange(self.lo, self.hi)
        scale = tuple(Fraction(s) for s in self.scale)
        return Quant(
            scale, self.zero_point, narrow.width, narrow.signed, self.axis, narrow=narrow,
            rounding=self.rounding, zero_first=self.zero_first,
        )  # fmt: skip

    def real(self, codes: np.ndarray) -> np.ndarray:
        """float32 numbers of codes ``(samples, *shape)``."""
        shape = [1] * (codes.ndim - 1)
        if set(self.offset) == {"0"}:
            shifted = Quant(self.quant.scale, self.zero_point, 32, True, None if self.axis is None else self.axis + 1)
            return dequantize_float32(codes, shifted)
        if self.axis is not None:
            shape[self.axis] = -1
        scale, offset = (np.array([float(Fraction(v)) for v in values]) for values in (self.scale, self.offset))
        scale, offset = (v.reshape(shape) if v.size > 1 else v for v in (scale, offset))
        return (codes * scale + offset).astype(np.float32)


@dataclass(frozen=True)
class HostBoundary:
    """The host's part. results: per model output the tensor behind it, and whether it is given as codes.

    grids: of every tensor of codes at the edge or between host operators; constants: ``(dtype, shape, flat values)``.
    """

    inputs: tuple[HostTensor, ...]
    outputs: tuple[HostTensor, ...]
    results: dict[str, tuple[str, bool]]
    before: tuple[HostOp, ...]
    after: tuple[HostOp, ...]
    codes_in: tuple[str, ...]
    codes_out: tuple[str, ...]
    grids: dict[str, HostGrid]
    constants: dict[str, tuple[str, tuple[int, ...], tuple]]

    @property
    def operators(self) -> tuple[str, ...]:
        """Every operator that runs on the host, in words."""
        listed = [f"{o.op} '{o.name or o.outputs[0]}'" for o in (*self.before, *self.after)]
        listed += [
            f"DequantizeLinear '{name}'"
            for name, (tensor, codes) in self.results.items()
            if self._dequantizes(tensor, codes)
        ]
        return tuple(listed)

    def _dequantizes(self, tensor: str, as_codes: bool) -> bool:
        return tensor in self.grids and not as_codes

    def to_codes(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Codes ``(samples, *shape)`` for the design from inputs ``(samples, *shape)`` of the model."""
        values = {t.name: self._checked(t, inputs) for t in self.inputs}
        _run(self, self.before, values)
        return {name: self._codes(name, np.asarray(values[name])) for name in self.codes_in}

    def _codes(self, name: str, values: np.ndarray) -> np.ndarray:
        """Codes for a stream of the design, where they come straight from the user: those that it has bits for."""
        grid = self.grids[name]
        beyond = values[(values < grid.lo) | (values > grid.hi)]
        if beyond.size:
            raise UserError.of(
                f"input '{name}'", "a value is out of range", found=f"{beyond[0]}, and {beyond.size - 1} more",
                expected=f"integers from {grid.lo} to {grid.hi}", fix="clip the samples, or drop those that are wrong",
            )  # fmt: skip
        return values.astype(np.int64)

    def to_outputs(self, codes: Arrays, inputs: Arrays | None = None) -> dict[str, np.ndarray]:
        """The model's outputs from the codes that the design gives.

        inputs: needed only where the file's output depends on an input past the design.
        """
        values: dict[str, np.ndarray] = dict(inputs or {})
        values |= {name: np.asarray(codes[name]) for name in self.codes_out}
        values |= {name: np.asarray(codes[name]) for name in self.codes_in if name in codes}
        _run(self, self.after, values)
        return {t.name: self._result(t, values) for t in self.outputs}

    def _checked(self, tensor: HostTensor, inputs: Arrays) -> np.ndarray:
        if tensor.name not in inputs:
            raise UserError.of(
                f"input '{tensor.name}'", "it is missing", found=f"{sorted(inputs)}", expected=f"an array called '{tensor.name}'",
                fix="name the arrays of the npz file as the model's inputs",
            )  # fmt: skip
        array = np.asarray(inputs[tensor.name])
        if array.shape[1:] != tensor.shape:
            raise UserError.of(
                f"input '{tensor.name}'", "wrong shape", found=list(array.shape), expected=f"(samples, {', '.join(map(str, tensor.shape))})",
                fix="give one frame of the model's own shape per sample",
            )  # fmt: skip
        return array

    def _result(self, tensor: HostTensor, values: dict[str, np.ndarray]) -> np.ndarray:
        source, as_codes = self.results[tensor.name]
        samples = len(next(iter(values.values())))
        constant = self.constants.get(source)
        value = values[source] if constant is None else np.stack([unpacked(constant)] * samples)
        if self._dequantizes(source, as_codes):
            value = self.grids[source].real(value)
        kind = np.dtype(tensor.dtype) if tensor.dtype in np.sctypeDict else value.dtype
        return value.astype(kind)

    def to_json(self) -> dict[str, object]:
        """Plain values, for the manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> HostBoundary:
        """What `to_json` gave, also after a way through a JSON file."""
        d = dict(document)
        for name, kind in (("inputs", HostTensor), ("outputs", HostTensor), ("before", HostOp), ("after", HostOp)):
            d[name] = tuple(kind(**{k: _tuples(v) for k, v in entry.items()}) for entry in d[name])
        d["grids"] = {name: HostGrid(**{k: _tuples(v) for k, v in grid.items()}) for name, grid in d["grids"].items()}
        for name in ("results", "constants", "codes_in", "codes_out"):
            d[name] = _tuples(d[name])
        return cls(**d)


def _tuples(value: object) -> object:
    """Lists as tuples again, inside of dictionaries as well."""
    if isinstance(value, (list, tuple)):
        return tuple(_tuples(v) for v in value)
    return {k: _tuples(v) for k, v in value.items()} if isinstance(value, dict) else value


def host_boundary(quantized: QuantGraph, graph: Graph) -> HostBoundary:
    """The host's part of a model whose device part was lowered to `graph`."""
    edge = find_boundary(quantized)
    ops = (*edge.before, *edge.after)
    touched = (
        {i for n in ops for i in n.inputs if i}
        | {o for n in ops for o in n.outputs}
        | set(edge.inputs)
        | set(edge.outputs)
    )
    touched |= {o.tensor for o in quantized.outputs}
    tensors = quantized.tensors
    grids = {
        t: _grid(tensors[t].quant, graph.labels.get(t))
        for t in sorted(touched)
        if tensors[t].quant or t in graph.labels
    }
    constants = {t: _constant(tensors[t].value) for t in sorted(touched) if tensors[t].is_constant}
    return HostBoundary(
        tuple(HostTensor(t, tensors[t].shape, tensors[t].dtype) for t in quantized.inputs),
        tuple(_output(quantized, o.name, o.tensor, o.as_codes) for o in quantized.outputs),
        {o.name: (o.tensor, o.as_codes) for o in quantized.outputs},
        tuple(_op(n) for n in edge.before),
        tuple(_op(n) for n in edge.after),
        edge.inputs,
        edge.outputs,
        grids,
        constants,
    )


def _output(quantized: QuantGraph, name: str, tensor: str, as_codes: bool) -> HostTensor:
    known = quantized.tensors[tensor]
    return HostTensor(name, known.shape or (), known.dtype if as_codes or known.quant is None else "float32")


def _op(node: QuantNode) -> HostOp:
    plain = {k: _plain(v) for k, v in node.attributes.items()}
    return HostOp(node.op, node.name, node.inputs, node.outputs, plain, node.domain, node.version)


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return {"array": _constant(value)}
    return value.item() if isinstance(value, np.generic) else value


def _constant(value: np.ndarray) -> tuple[str, tuple[int, ...], tuple]:
    return str(value.dtype), tuple(value.shape), tuple(value.ravel().tolist())


def _grid(quant: Quant | None, label: Label | None) -> HostGrid:
    if quant is None:
        return HostGrid(
            tuple(map(str, label.scale)),
            label.zero_point,
            tuple(map(str, label.offset)),
            label.axis,
            -(1 << 62),
            1 << 62,
        )
    return HostGrid(
        tuple(map(str, quant.scale)), quant.zero_point, ("0",), quant.axis, quant.codes.lo, quant.codes.hi,
        quant.rounding, quant.zero_first,
    )  # fmt: skip


def _run(boundary: HostBoundary, ops: tuple[HostOp, ...], values: dict[str, np.ndarray]) -> None:
    """Run host operators over all samples; `values` holds codes of quantized tensors and reals of all others."""
    samples = len(next(iter(values.values()), np.zeros(1)))
    for op in ops:
        reals = [_real(boundary, name, values) if name else None for name in op.inputs]
        if op.op == "QuantizeLinear":
            quant = boundary.grids[op.outputs[0]].quant
            axis = None if quant.axis is None else quant.axis + 1  # behind the samples
            values[op.outputs[0]] = quantize_float32(reals[0][0], replace(quant, axis=axis))
        elif op.op == "DequantizeLinear":
            values[op.outputs[0]] = values[op.inputs[0]]
        else:
            values |= zip((o for o in op.outputs if o), run_on_host(op, reals, samples), strict=True)


def _real(boundary: HostBoundary, name: str, values: dict[str, np.ndarray]) -> tuple[np.ndarray, bool]:
    """(value, whether its first axis counts samples)."""
    if name in boundary.constants:
        constant = unpacked(boundary.constants[name])
        return (
            (boundary.grids[name].real(constant[np.newaxis])[0], False) if name in boundary.grids else (constant, False)
        )
    if name not in values:
        raise InternalError(f"the host has no value for '{name}'")
    return (boundary.grids[name].real(values[name]) if name in boundary.grids else values[name]), True
