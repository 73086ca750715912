# SPDX-License-Identifier: Apache-2.0
"""QONNX and FINN operators for ONNX's reference evaluator: their float32 formulas, operation by operation.

They follow the formulas of the QONNX executor (version 1.0.0), which takes their place where it is installed.
"""

from __future__ import annotations

import numpy as np
from onnx.reference.op_run import OpRun

from hwgen.numerics.rounding_mode import round_floats
from onnx_frontend.dialects.finn import LAYOUTS
from onnx_frontend.dialects.qonnx import DOMAINS


def _rounded(values: np.ndarray, mode: str) -> np.ndarray:
    return round_floats(values, "half_even" if mode.upper() == "ROUND" else mode.lower())


def _limits(bits: float, signed: int, narrow: int) -> tuple[float, float]:
    if signed:
        return -(2.0 ** (bits - 1)) + narrow, 2.0 ** (bits - 1) - 1
    return 0.0, 2.0**bits - 1 - narrow


class Quant(OpRun):
    def _run(self, x, scale, zero_point, bits, signed=1, narrow=1, rounding_mode="ROUND"):
        steps = x / scale + zero_point
        if bits == 1 and signed:
            codes = np.where(steps >= 0, 1, -1).astype(x.dtype)
        else:
            codes = _rounded(np.clip(steps, *_limits(float(np.ravel(bits)[0]), signed, narrow)), rounding_mode)
        return (((codes - zero_point) * scale).astype(x.dtype),)


class IntQuant(Quant):
    pass


class BipolarQuant(OpRun):
    def _run(self, x, scale):
        return ((np.where(x >= 0, 1, -1) * scale).astype(x.dtype),)


class Trunc(OpRun):
    def _run(self, x, scale, zero_point, bits, *last, rounding_mode="FLOOR", signed=1, narrow=0):
        codes = np.rint(x / scale + zero_point)
        if len(last) == 1:
            codes = _rounded(codes / 2.0 ** (bits - last[0]), rounding_mode)
            return (((codes - zero_point) * scale).astype(x.dtype),)
        out_scale, out_bits = last
        divisor = 2.0 ** np.rint(np.log2(out_scale / scale))
        codes = np.clip(codes / divisor, *_limits(float(np.ravel(out_bits)[0]), signed, narrow))
        codes = _rounded(codes, rounding_mode) - zero_point / divisor
        return ((codes * out_scale).astype(x.dtype),)


class MultiThreshold(OpRun):
    def _run(self, x, thresholds, out_scale=1.0, out_bias=0.0, out_dtype="", data_layout=""):
        layout = data_layout or LAYOUTS.get(x.ndim, "")
        axis = layout.index("C") if "C" in layout else 1
        reached = np.moveaxis(x, axis, -1)[..., np.newaxis] >= thresholds
        count = np.moveaxis(np.count_nonzero(reached, axis=-1), -1, axis)
        return ((out_scale * count + out_bias).astype(x.dtype),)


class BatchNormalization(OpRun):
    """For inference: the evaluator of onnx takes every BatchNormalization of opset 9 with a momentum for training."""

    op_domain = ""

    def _run(self, x, scale, bias, mean, variance, epsilon=1e-5, momentum=0.9, training_mode=0, spatial=1):
        if training_mode:
            raise NotImplementedError("BatchNormalization in training mode")
        gamma, beta, mu, sigma = (v.reshape(-1, *[1] * (x.ndim - 2)) for v in (scale, bias, mean, variance))
        return ((gamma * (x - mu) / np.sqrt(sigma + x.dtype.type(epsilon)) + beta).astype(x.dtype),)


REFERENCE_OPS = [
    type(op.__name__, (op,), {"op_domain": domain})
    for domain in DOMAINS
    for op in (Quant, IntQuant, BipolarQuant, Trunc, MultiThreshold)
] + [BatchNormalization]
