# SPDX-License-Identifier: Apache-2.0
"""A float model becomes a quantized one by onnxruntime's static quantizer.

Everything that decides the result is onnxruntime's; this module only brings the file into a state that the quantizer
takes, names a few styles, and leaves either a whole file behind or none.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx_ir

from hwgen.errors import BadModel, ToolMissing, UserError
from hwgen.flow.samples import InputSpec, Samples, read_samples
from hwgen.progress import Progress, silent
from onnx_frontend.load import load_model
from onnx_frontend.normalize import input_shapes

LOWEST_OPSET = 13  # per-channel scales have an axis from here on; below, the quantizer writes invalid models
RAISED_OPSET = 17


@dataclass(frozen=True)
class Style:
    """A named choice of the quantizer's options. Power-of-two styles round every scale up to a power of two; qoperator
    writes QLinearConv and its kin in the place of QuantizeLinear and DequantizeLinear around float operators."""

    name: str
    unsigned_activations: bool = False
    per_channel: bool = False
    symmetric: bool = False
    power_of_two: bool = False
    qoperator: bool = False


STYLES = (
    Style("s8"),
    Style("u8s8-per-channel", unsigned_activations=True, per_channel=True),
    Style("s8-symmetric", symmetric=True),
    Style("s8-power-of-two", symmetric=True, power_of_two=True),
    Style("u8s8-qoperator", unsigned_activations=True, qoperator=True),
)


@dataclass(frozen=True)
class Quantized:
    """Where the quantized model lies, and what was said about the samples on the way."""

    path: Path
    style: str
    samples: int
    notes: tuple[str, ...] = field(default=())


def quantize_model(
    model: Path,
    calibration: Path,
    output: Path | None = None,
    style: str = "s8",
    shapes: Mapping[str, tuple[int, ...]] | None = None,
    progress: Progress = silent,
) -> Quantized:
    """Write the quantized form of a float `model` to `output` (default: beside it, with the style in its name).

    calibration: an npz file of samples. Raises BadModel, ToolMissing, or UserError for the samples, the style or the
    output; the output is written whole or not at all.
    """
    chosen = _style(style)
    _require_onnxruntime()
    source = load_model(model)
    _refuse_quantized(source, model)
    samples = read_samples(calibration, _input_specs(source, dict(shapes or {}), model))
    target = output or model.with_name(f"{model.stem}.{style}.onnx")
    with _workspace(target) as folder, _quiet():
        progress(f"quantizing {model.name} in style {style}")
        prepared = _prepare(source, model, folder)
        finished = _run_quantizer(prepared, samples, chosen, folder, model)
        os.replace(finished, target)
    return Quantized(target, style, samples.count, samples.notes)


def _style(name: str) -> Style:
    for style in STYLES:
        if style.name == name:
            return style
    raise UserError.of(
        "--style", "there is no quantization style of this name",
        found=name, expected=", ".join(style.name for style in STYLES), fix="choose one of these names",
    )  # fmt: skip


def _require_onnxruntime() -> None:
    try:
        import onnxruntime  # noqa: F401
    except ImportError:
        raise ToolMissing.of(
            "onnxruntime", "needed to quantize a model",
            found="no Python package onnxruntime", expected="the Python package onnxruntime",
            fix="pip install hwgen[onnxruntime]",
        ) from None  # fmt: skip


def _refuse_quantized(source: onnx_ir.Model, path: Path) -> None:
    for node in source.graph:
        if node.op_type in {"QuantizeLinear", "DequantizeLinear", "Quant"} or node.op_type.startswith("QLinear"):
            raise BadModel.of(
                f"{node.op_type} '{node.name}' (node {node.meta['index']} of {path.name})", "already quantized",
                found="a quantized model", expected="a float model", fix=f"build it as it is: hwgen build {path}",
                node=node.name or "", op=node.op_type,
            )  # fmt: skip


def _input_specs(source: onnx_ir.Model, shapes: dict[str, tuple[int, ...]], path: Path) -> list[InputSpec]:
    types = {value.name: value.dtype for value in source.graph.inputs}
    specs = []
    for name, shape in input_shapes(source, shapes).items():
        dtype = types[name] or onnx_ir.DataType.FLOAT
        specs.append(InputSpec(name, tuple(shape), np.dtype(dtype.numpy())))
    return specs


@contextmanager
def _workspace(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target`, so that the finished file can be renamed into place."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=".hwgen-", dir=target.parent)
    except OSError as error:
        raise UserError.of(
            str(target), "the quantized model cannot be written",
            found=error.strerror, expected="a folder that can be written to", fix="choose another place with -o",
        ) from error  # fmt: skip
    with folder as name:
        yield Path(name)


@contextmanager
def _quiet() -> Iterator[None]:
    """onnxruntime's quantizer logs advice for other users to the root logger; it stays out of the way."""
    import onnxruntime

    onnxruntime.set_default_logger_severity(3)
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _prepare(source: onnx_ir.Model, path: Path, folder: Path) -> Path:
    """Opset raised where needed, shapes inferred, constants folded, batch norms fused."""
    from onnxruntime.quantization.shape_inference import quant_pre_process

    proto = onnx_ir.to_proto(source)
    proto.ir_version = max(proto.ir_version, 8)  # below 4 every initializer is an input and cannot be folded
    constants = {initializer.name for initializer in proto.graph.initializer}
    real = [value for value in proto.graph.input if value.name not in constants]
    del proto.graph.input[:]
    proto.graph.input.extend(real)
    opset = next((o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")), RAISED_OPSET)
    try:
        if opset < LOWEST_OPSET:
            proto = onnx.version_converter.convert_version(proto, RAISED_OPSET)
        onnx.save(proto, folder / "raised.onnx")
        quant_pre_process(folder / "raised.onnx", folder / "prepared.onnx", auto_merge=True)
    except Exception as error:  # onnx and onnxruntime raise many types, all about the model
        raise _refused(path, "onnxruntime cannot prepare the model", error) from error
    return _with_flat_biases(folder / "prepared.onnx")


def _with_flat_biases(path: Path) -> Path:
    """Biases of shape (1, n) become (n,): a fused MatMul + Add has them, and the per-channel quantizer fails on them."""
    model = onnx.load(path)
    biases = {node.input[2] for node in model.graph.node if node.op_type == "Gemm" and len(node.input) == 3}
    others = {name for node in model.graph.node for name in node.input if node.op_type != "Gemm"}
    for initializer in model.graph.initializer:
        dims = list(initializer.dims)
        if initializer.name in biases - others and len(dims) == 2 and dims[0] == 1:
            del initializer.dims[:]
            initializer.dims.append(dims[1])
    onnx.save(model, path)
    return path


def _run_quantizer(prepared: Path, samples: Samples, style: Style, folder: Path, path: Path) -> Path:
    first, second = folder / "quantized.onnx", folder / "rescaled.onnx"
    try:
        _quantize_static(prepared, first, samples, style, {})
        if not style.power_of_two:
            return _with_used_opsets(first)
        _quantize_static(prepared, second, samples, style, _power_of_two_scales(onnx.load(first)))
        return _with_used_opsets(second)
    except Exception as error:
        raise _refused(path, "onnxruntime cannot quantize the model", error) from error


def _refused(path: Path, what: str, error: Exception) -> BadModel:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return BadModel.of(
        str(path), what,
        found=lines[0] if lines else type(error).__name__, expected="a float model that onnxruntime can run",
        fix="export it again at opset 17 with static shapes, or quantize it with another tool",
    )  # fmt: skip


def _quantize_static(source: Path, target: Path, samples: Samples, style: Style, overrides: dict[str, Any]) -> None:
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    quantize_static(
        source, target, _Feed(samples),
        quant_format=QuantFormat.QOperator if style.qoperator else QuantFormat.QDQ,
        per_channel=style.per_channel,
        activation_type=QuantType.QUInt8 if style.unsigned_activations else QuantType.QInt8,
        weight_type=QuantType.QInt8,
        extra_options={"ActivationSymmetric": style.symmetric, "TensorQuantOverrides": overrides},
    )  # fmt: skip


class _Feed:
    """What the quantizer asks for samples, one at a time; it takes an object with this one method."""

    def __init__(self, samples: Samples) -> None:
        self._rows = ({name: a[k] for name, a in samples.arrays.items()} for k in range(samples.count))

    def get_next(self) -> dict[str, np.ndarray] | None:
        return next(self._rows, None)

    def __len__(self) -> int:  # the quantizer asks only when it reads in strides
        return 0


def _power_of_two_scales(model: onnx.ModelProto) -> dict[str, Any]:
    """Per quantized tensor its scale rounded up to a power of two; biases follow from their factors."""
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    overrides: dict[str, Any] = {}
    for node in model.graph.node:
        name = node.input[0]
        if node.op_type == "DequantizeLinear" and name in constants and constants[name].dtype == np.int8:
            name = name.removesuffix("_quantized")
        elif node.op_type == "QuantizeLinear":
            name = name.removesuffix("_QuantizeLinear_Input")  # a graph output
        else:
            continue
        scale = Fraction(float(constants[node.input[1]]))
        overrides[name] = [
            {"scale": np.array(_next_power_of_two(scale), np.float32), "zero_point": np.array(0, np.int8)}
        ]
    return overrides


def _next_power_of_two(value: Fraction) -> Fraction:
    """The smallest power of two that is not below `value`."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length() - 1
    while Fraction(2) ** exponent < value:
        exponent += 1
    return Fraction(2) ** exponent


def _with_used_opsets(path: Path) -> Path:
    """Drops the imports of operator sets that no node uses, which the pre-processing leaves behind."""
    model = onnx.load(path)
    used = {node.domain for node in model.graph.node} | {""}
    kept = [opset for opset in model.opset_import if opset.domain in used]
    del model.opset_import[:]
    model.opset_import.extend(kept)
    onnx.save(model, path)
    return path
