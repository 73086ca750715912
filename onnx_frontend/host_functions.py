# SPDX-License-Identifier: Apache-2.0
"""One ONNX operator on the host, in NumPy: by ONNX's reference evaluator, or by a function here where it does not know
the operator or computes it without care for large numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod

import numpy as np
import onnx
from onnx.reference import ReferenceEvaluator

from onnx_frontend.reference_ops import REFERENCE_OPS

Attributes = Mapping[str, object]
HostFunction = Callable[[list[np.ndarray], Attributes, int], np.ndarray]
FLATTENS_BEFORE = 13


@dataclass(frozen=True)
class HostOp:
    """One ONNX node that runs on the host, in plain values."""

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, object]
    domain: str
    version: int


def multi_threshold(inputs: list[np.ndarray], attributes: Attributes, version: int) -> np.ndarray:
    """``out_scale * (number of thresholds <= x) + out_bias``; each threshold broadcasts against x."""
    x, *thresholds = inputs
    count = np.zeros(x.shape, np.int64)
    for threshold in thresholds:
        count += x >= threshold
    return (count * attributes["out_scale"] + attributes["out_bias"]).astype(np.float32)


def log_softmax(inputs: list[np.ndarray], attributes: Attributes, version: int) -> np.ndarray:
    """``x - max - log(sum(exp(x - max)))``: the reference evaluator takes the logarithm of a softmax that underflows."""
    (x,) = inputs
    axis = int(attributes.get("axis", -1 if version >= FLATTENS_BEFORE else 1))
    rows = x if version >= FLATTENS_BEFORE else x.reshape(prod(x.shape[:axis]), -1)
    axis = axis if version >= FLATTENS_BEFORE else 1
    shifted = rows - rows.max(axis=axis, keepdims=True)
    return (shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))).reshape(x.shape)


HOST_FUNCTIONS: dict[str, HostFunction] = {"MultiThreshold": multi_threshold, "LogSoftmax": log_softmax}
"""Of the arrays of one frame, the attributes, and the version of the opset."""


def run_on_host(op: HostOp, inputs: list[tuple[np.ndarray, bool] | None], samples: int) -> list[np.ndarray]:
    """The outputs of one operator, each ``(samples, *shape)``.

    inputs: (value, whether its first axis counts samples); None where one is absent.
    """
    known = HOST_FUNCTIONS.get(op.op)
    evaluate = _evaluator(op, [v is not None for v in inputs]) if known is None else None
    results = []
    for k in range(samples):
        frame = [v[0][k] if v[1] else v[0] for v in inputs if v is not None]
        results.append([known(frame, op.attributes, op.version)] if evaluate is None else evaluate(frame))
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
