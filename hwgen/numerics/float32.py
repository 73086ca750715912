# SPDX-License-Identifier: Apache-2.0
"""Float32 arithmetic as engines carry it out, step by step: what the dialect ``ort`` of each operator is made of.

The order of the operations and where a multiplication and an addition are fused are those of onnxruntime for x86-64
with FMA3 (every x86-64 since 2013). NumPy's float32 rounds each operation once, half to even, as the machine does.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from hwgen.numerics.range import IntRange

LOGISTIC_REACH = np.float32(18)
LOGISTIC_P = tuple(
    map(np.float32, (4.37031012579801e-11, 1.15627324459942e-7, 6.08574864600143e-5, 8.51377133304701e-3, 2.48287947061529e-1))
)  # fmt: skip
LOGISTIC_Q = tuple(
    map(np.float32, (6.10247389755681e-13, 5.76102136993427e-9, 6.29106785017040e-6, 1.70198817374094e-3, 1.16817656904453e-1, 9.93151921023180e-1))
)  # fmt: skip
"""Coefficients of the rational approximation of the logistic function of Eigen, which onnxruntime uses."""


def nearest_float32(value: Fraction) -> np.float32:
    """The float32 of a rational number that float64 can hold (products of two float32 are such)."""
    return np.float32(float(value))


def fused_multiply_add(a: ArrayLike, b: ArrayLike, c: ArrayLike) -> np.ndarray:
    """``a * b + c`` of float32 numbers that broadcast, rounded once.

    The product is exact in float64. The sum rounds there to odd, not to even (an inexact sum gets an odd last bit), so
    that rounding it again to float32 is as if there had been one rounding.
    """
    product = np.asarray(np.asarray(a, np.float64) * np.asarray(b, np.float64))
    addend = np.asarray(c, np.float64)
    total = np.asarray(product + addend)
    virtual = total - product
    rest = (product - (total - virtual)) + (addend - virtual)
    even = (total.view(np.int64) & 1) == 0
    odd = np.nextafter(total, np.where(rest > 0, np.inf, -np.inf))
    return np.where((rest != 0) & even, odd, total).astype(np.float32)


def fixed_part(ratio_a: np.float32, ratio_b: np.float32, zero_a: int, zero_b: int, zero_out: int) -> np.float32:
    """What onnxruntime's QLinearAdd adds to ``a * ratio_a + b * ratio_b`` for all zero points."""
    second = np.float32(ratio_b * np.float32(zero_b))
    return np.float32(zero_out) - np.float32(fused_multiply_add(ratio_a, np.float32(zero_a), second))


def sum_codes_float32(
    a: np.ndarray, b: np.ndarray, ratio_a: Fraction, ratio_b: Fraction, offset: Fraction, out: IntRange
) -> np.ndarray:
    """``clip(rne(fma(a, ratio_a, fma(b, ratio_b, offset))))`` (int64) for integer arrays that broadcast.

    The factors are float32 numbers; offset holds the zero points (`fixed_part`).
    """
    ra, rb, c = (nearest_float32(v) for v in (ratio_a, ratio_b, offset))
    inner = fused_multiply_add(np.asarray(b, np.float32), rb, c)
    return np.clip(np.rint(fused_multiply_add(np.asarray(a, np.float32), ra, inner)), out.lo, out.hi).astype(np.int64)


def logistic(x: np.ndarray) -> np.ndarray:
    """The logistic function of float32 numbers as onnxruntime computes it, to about two units in the last place."""
    x = np.clip(x, -LOGISTIC_REACH, LOGISTIC_REACH)
    square = x * x
    p, q = (np.full_like(x, coefficients[0]) for coefficients in (LOGISTIC_P, LOGISTIC_Q))
    for coefficient in LOGISTIC_P[1:]:
        p = fused_multiply_add(p, square, coefficient)
    for coefficient in LOGISTIC_Q[1:]:
        q = fused_multiply_add(q, square, coefficient)
    return np.clip(p * x / q + np.float32(0.5), np.float32(0), np.float32(1))


def dequantize(codes: np.ndarray, scale: Fraction, zero_point: int) -> np.ndarray:
    """``fl32(code - zero_point) * scale`` in float32."""
    return (np.asarray(codes, np.int64) - zero_point).astype(np.float32) * nearest_float32(scale)


def quantize(x: np.ndarray, scale: Fraction, zero_point: int, out: IntRange) -> np.ndarray:
    """``clip(rne(fl32(x / scale)) + zero_point)`` (int64) of float32 numbers."""
    with np.errstate(over="ignore"):
        steps = np.rint(x / nearest_float32(scale)).astype(np.float64)
    return np.clip(steps + zero_point, out.lo, out.hi).astype(np.int64)
