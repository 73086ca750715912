# SPDX-License-Identifier: Apache-2.0
"""Host operators that ONNX's reference evaluator does not know, or computes without care for large numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

Attributes = Mapping[str, object]
HostFunction = Callable[[list[np.ndarray], Attributes, int], np.ndarray]
FLATTENS_BEFORE = 13


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
