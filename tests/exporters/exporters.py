# SPDX-License-Identifier: Apache-2.0
"""How each exporter spells a small net: onnxruntime's quantizers are run, the others are written in their pattern."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from tests.exporters.nets import OPERATORS, SINCE, Qcdq, Qdq, Qonnx, Writer
from tests.models import QONNX_ENGINE

ORT_OPSETS = (13, 17, 21)


@dataclass(frozen=True)
class Exporter:
    """real: whether the exporter itself is run. export: (operator, opset, folder) to a model."""

    name: str
    real: bool
    opsets: tuple[int, ...]
    export: Callable[[str, int, Path], onnx.ModelProto]
    engine: str = "onnxruntime"


class _Samples(CalibrationDataReader):
    def __init__(self, shape: tuple[int, ...]) -> None:
        rng = np.random.default_rng(0)
        self._left = [{"x": rng.normal(0, 1, shape).astype(np.float32)} for _ in range(4)]

    def get_next(self) -> dict[str, np.ndarray] | None:
        return self._left.pop() if self._left else None


def _float(operator: str, opset: int, folder: Path) -> Path:
    shape, build = OPERATORS[operator]
    path = folder / "float.onnx"
    onnx.save(Writer(opset).model(build, shape), path)
    return path


def _static(**options: object) -> Callable[[str, int, Path], onnx.ModelProto]:
    def export(operator: str, opset: int, folder: Path) -> onnx.ModelProto:
        logging.disable(logging.WARNING)
        try:
            samples = _Samples(OPERATORS[operator][0])
            quantize_static(_float(operator, opset, folder), folder / "q.onnx", samples, **options)
        finally:
            logging.disable(logging.NOTSET)
        return onnx.load(folder / "q.onnx")

    return export


def _dynamic(operator: str, opset: int, folder: Path) -> onnx.ModelProto:
    logging.disable(logging.WARNING)
    try:
        quantize_dynamic(_float(operator, opset, folder), folder / "q.onnx")
    finally:
        logging.disable(logging.NOTSET)
    return onnx.load(folder / "q.onnx")


def _pattern(writer: type[Writer]) -> Callable[[str, int, Path], onnx.ModelProto]:
    return lambda operator, opset, folder: writer(opset).model(OPERATORS[operator][1], OPERATORS[operator][0])


def _qdq(activation: QuantType, per_channel: bool = False, **extra: object) -> dict[str, object]:
    return {
        "quant_format": QuantFormat.QDQ, "activation_type": activation, "weight_type": QuantType.QInt8,
        "per_channel": per_channel, **extra,
    }  # fmt: skip


EXPORTERS = (
    Exporter("onnxruntime QDQ, s8s8", True, ORT_OPSETS, _static(**_qdq(QuantType.QInt8))),
    Exporter("onnxruntime QDQ, u8s8 per channel", True, ORT_OPSETS, _static(**_qdq(QuantType.QUInt8, True))),
    Exporter(
        "onnxruntime QDQ, u8u8", True, ORT_OPSETS,
        _static(quant_format=QuantFormat.QDQ, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
    ),
    Exporter("onnxruntime QDQ, 16-bit activations", True, (21,), _static(**_qdq(QuantType.QInt16))),
    Exporter(
        "onnxruntime QOperator, u8s8", True, ORT_OPSETS,
        _static(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8),
    ),
    Exporter("onnxruntime dynamic", True, (17,), _dynamic),
    Exporter("QDQ per channel, as torch and TFLite converters write it", False, (13, 17, 21), _pattern(Qdq)),
    Exporter("Brevitas QCDQ, 4-bit codes", False, (17,), _pattern(Qcdq)),
    Exporter("Brevitas QONNX, 6 and 4 bits", False, (17,), _pattern(Qonnx), QONNX_ENGINE),
)  # fmt: skip


def exists(operator: str, opset: int) -> bool:
    return opset >= SINCE.get(operator, 1)
