# SPDX-License-Identifier: Apache-2.0
"""One ONNX operator on the host, in NumPy: by ONNX's reference evaluator, or by a function here where it does not know
the operator or computes it without care for large numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from onnx_frontend.reference_ops import REFERENCE_OPS

Attributes = Mapping[str, Any]
HostFunction = Callable[[list[np.ndarray], Attributes, int], list[np.ndarray]]
FLATTENS_BEFORE = 13


@dataclass(frozen=True)
class HostOp:
    """One ONNX node that runs on the host, in plain values."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]
    domain: str
    version: int


def multi_threshold(inputs: list[np.ndarray], attributes: Attributes, version: int) -> list[np.ndarray]:
    """``out_scale * (number of thresholds <= x) + out_bias``; each threshold broadcasts against x."""
    x, *thresholds = inputs
    count = np.zeros(x.shape, np.int64)
    for threshold in thresholds:
        count += x >= threshold
    return [(count * attributes["out_scale"] + attributes["out_bias"]).astype(np.float32)]


def log_softmax(inputs: list[np.ndarray], attributes: Attributes, version: int) -> list[np.ndarray]:
    """``x - max - log(sum(exp(x - max)))``: the reference evaluator takes the logarithm of a softmax that underflows."""
    (x,) = inputs
    axis = int(attributes.get("axis", -1 if version >= FLATTENS_BEFORE else 1))
    rows = x if version >= FLATTENS_BEFORE else x.reshape(prod(x.shape[:axis]), -1)
    axis = axis if version >= FLATTENS_BEFORE else 1
    shifted = rows - rows.max(axis=axis, keepdims=True)
    return [(shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))).reshape(x.shape)]


def top_k(inputs: list[np.ndarray], attributes: Attributes, version: int) -> list[np.ndarray]:
    """The k largest (or smallest), of equal ones those with the lowest indices, as the standard says."""
    x, axis = inputs[0], int(attributes.get("axis", -1))
    count = int(np.ravel(inputs[1])[0]) if len(inputs) > 1 else int(attributes["k"])
    if attributes.get("largest", 1):
        backwards = np.argsort(np.flip(x, axis), axis=axis, kind="stable")
        order = x.shape[axis] - 1 - np.flip(backwards, axis)
    else:
        order = np.argsort(x, axis=axis, kind="stable")
    chosen = np.take(order, range(count), axis=axis)
    return [np.take_along_axis(x, chosen, axis), chosen.astype(np.int64)]


def block_quantize(inputs: list[np.ndarray], attributes: Attributes, version: int) -> list[np.ndarray]:
    """QuantizeLinear with a scale for each block along an axis."""
    x, scales, *zero = inputs
    named = int(attributes.get("output_dtype", 0)) or onnx.TensorProto.UINT8
    kind = zero[0].dtype if zero else onnx.helper.tensor_dtype_to_np_dtype(named)
    scale, shift = (_of_elements(v, x.shape, attributes) for v in (scales, zero[0] if zero else np.zeros_like(scales)))
    limits = ml_dtypes.iinfo(kind)
    codes = np.rint(x / scale) + shift.astype(np.float32)
    return [np.clip(codes, int(limits.min), int(limits.max)).astype(kind)]


def block_dequantize(inputs: list[np.ndarray], attributes: Attributes, version: int) -> list[np.ndarray]:
    """DequantizeLinear with a scale for each block along an axis."""
    x, scales, *zero = inputs
    scale, shift = (_of_elements(v, x.shape, attributes) for v in (scales, zero[0] if zero else np.zeros_like(scales)))
    return [((x.astype(np.float32) - shift.astype(np.float32)) * scale).astype(np.float32)]


def _of_elements(values: np.ndarray, shape: tuple[int, ...], attributes: Attributes) -> np.ndarray:
    """A value for each element, of one for each block."""
    axis = int(attributes.get("axis", 1)) % len(shape)
    repeated = np.repeat(values, int(attributes["block_size"]), axis=axis)
    return np.take(repeated, range(shape[axis]), axis=axis)


HOST_FUNCTIONS: dict[str, HostFunction] = {
    "MultiThreshold": multi_threshold,
    "LogSoftmax": log_softmax,
    "TopK": top_k,
    "BlockQuantizeLinear": block_quantize,
    "BlockDequantizeLinear": block_dequantize,
}
"""Of the arrays of one frame, the attributes, and the version of the opset."""


def run_on_host(op: HostOp, inputs: list[tuple[np.ndarray, bool] | None], samples: int) -> list[np.ndarray]:
    """The outputs of one operator, each ``(samples, *shape)``.

    inputs: (value, whether its first axis counts samples); None where one is absent.
    """
    function = HOST_FUNCTIONS.get(op.op)
    if function is not None:
        evaluate = partial(function, attributes=op.attributes, version=op.version)
    else:
        evaluate = _evaluator(op, [v is not None for v in inputs])
    results = []
    for k in range(samples):
        results.append(evaluate([v[0][k] if v[1] else v[0] for v in inputs if v is not None]))
    return [np.stack([np.asarray(value) for value in values]) for values in zip(*results, strict=True)]


def _evaluator(op: HostOp, given: list[bool]) -> Callable[[list[np.ndarray]], list[np.ndarray]]:
    """ONNX's reference evaluator as a function of the inputs that are there."""
    names = [f"i{k}" if there else "" for k, there in enumerate(given)]
    outputs = [o for o in op.outputs if o]
    attributes = {
        k: onnx.numpy_helper.from_array(unpacked(v["array"])) if isinstance(v, dict) else v
        for k, v in op.attributes.items()
    }
    node = onnx.helper.make_node(op.op, names, list(op.outputs), name=op.name, domain=op.domain, **attributes)
    ins, outs = ([onnx.helper.make_value_info(n, onnx.TypeProto()) for n in group if n] for group in (names, outputs))
    graph = onnx.helper.make_graph([node], "host", ins, outs)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid(op.domain, op.version)])
    evaluator = ReferenceEvaluator(model, new_ops=REFERENCE_OPS)
    return lambda frame: evaluator.run(outputs, dict(zip(filter(None, names), frame, strict=True)))


def unpacked(constant: tuple[str, tuple[int, ...], tuple]) -> np.ndarray:
    dtype, shape, flat = constant
    return np.array(flat, np.dtype(dtype)).reshape(shape)
