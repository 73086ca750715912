# SPDX-License-Identifier: Apache-2.0
"""Elementwise functions between two quantizations, as correctly rounded tables of integers.

An entry is ``clip(round_half_even(f(x) / out_scale) + out_zero_point)`` for ``x = (code - in_zero_point) * in_scale``,
computed over the real numbers: exact fractions where f is rational, otherwise intervals at rising precision until
both ends round to the same code. A new function is one line in `FUNCTIONS`, written with the operations of `Real`.
Functions are continuous expressions (minimum and maximum instead of cases), so that they also compose.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction

import numpy as np

from hwgen.errors import InternalError
from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real
from hwgen.numerics.rounding import fraction_of_float32
from hwgen.numerics.rounding_mode import Rounding, reached, round_to_integer

Function = Callable[[Real], Real]

PRECISIONS = (64, 128, 256, 512, 1024, 2048, 4096)


def _f32(value: float) -> Fraction:
    """The float32 that an ONNX attribute given in decimals becomes."""
    return fraction_of_float32(np.float32(value))


LEAKY_ALPHA = _f32(0.01)
SELU_ALPHA, SELU_GAMMA = _f32(1.67326319217681884765625), _f32(1.05070102214813232421875)
HARD_SIGMOID_ALPHA, HARD_SIGMOID_BETA = _f32(0.2), _f32(0.5)
GELU_CUBE = Fraction(44715, 10**6)


def _sigmoid(x: Real) -> Real:
    return 1 / (1 + (-x).exp())


def _tanh(x: Real) -> Real:
    return 1 - 2 / ((2 * x).exp() + 1)


def _softplus(x: Real) -> Real:
    return (1 + x.exp()).log()


def _gelu_tanh(x: Real) -> Real:
    return x / 2 * (1 + _tanh((x + GELU_CUBE * x**3) * (2 / Real.pi(x.precision)).sqrt()))


def _clip(x: Real, lo: Fraction | int, hi: Fraction | int) -> Real:
    return x.maximum(lo).minimum(hi)


def _elu(x: Real, alpha: Fraction | int = 1) -> Real:
    return x.maximum(0) + alpha * (x.minimum(0).exp() - 1)


def _selu(x: Real, alpha: Fraction = SELU_ALPHA, gamma: Fraction = SELU_GAMMA) -> Real:
    return gamma * _elu(x, alpha)


def _celu(x: Real, alpha: Fraction | int = 1) -> Real:
    return x.maximum(0) + alpha * ((x.minimum(0) / alpha).exp() - 1)


def _hard_sigmoid(x: Real, alpha: Fraction = HARD_SIGMOID_ALPHA, beta: Fraction = HARD_SIGMOID_BETA) -> Real:
    return _clip(alpha * x + beta, 0, 1)


def _thresholded_relu(x: Real, alpha: Fraction | int = 1) -> Real:
    return x * x.stepwise(lambda v: int(v > alpha))


FUNCTIONS: dict[str, Callable[..., Real]] = {
    "identity": lambda x: x,
    "neg": lambda x: -x,
    "abs": abs,
    "square": lambda x: x * x,
    "sqrt": lambda x: x.sqrt(),
    "reciprocal": lambda x: 1 / x,
    "power": lambda x, exponent: x**exponent,
    "exp": lambda x: x.exp(),
    "log": lambda x: x.log(),
    "erf": lambda x: x.erf(),
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "floor": lambda x: x.stepwise(math.floor),
    "ceil": lambda x: x.stepwise(math.ceil),
    "round": lambda x: x.stepwise(round),
    "sign": lambda x: x.stepwise(lambda v: (v > 0) - (v < 0)),
    "clip": _clip,
    "hardtanh": lambda x, lo=-1, hi=1: _clip(x, lo, hi),
    "relu": lambda x: x.maximum(0),
    "leaky_relu": lambda x, alpha=LEAKY_ALPHA: x.maximum(0) + alpha * x.minimum(0),
    "thresholded_relu": _thresholded_relu,
    "elu": _elu,
    "selu": _selu,
    "celu": _celu,
    "sigmoid": _sigmoid,
    "hard_sigmoid": _hard_sigmoid,
    "tanh": _tanh,
    "softsign": lambda x: x / (1 + abs(x)),
    "softplus": _softplus,
    "silu": lambda x, alpha=1: x * _sigmoid(alpha * x),
    "hard_swish": lambda x: x * _clip(x / 6 + Fraction(1, 2), 0, 1),
    "mish": lambda x: x * _tanh(_softplus(x)),
    "gelu": lambda x: x / 2 * (1 + (x / Real(2, x.precision).sqrt()).erf()),
    "gelu_tanh": _gelu_tanh,
}


def function_table(
    function: str | Function,
    in_range: IntRange,
    in_scale: Fraction,
    in_zero_point: int,
    out_scale: Fraction,
    out_zero_point: int,
    out_range: IntRange,
    **parameters: Fraction | int,
) -> np.ndarray:
    """The output code (int64) of each input code from ``in_range.lo`` to ``in_range.hi``.

    function: a name in `FUNCTIONS`, with its parameters as exact fractions, or any function of a `Real`.
    Codes outside of out_range are clipped. Infinities are clipped, and NaN (the logarithm or root of a negative
    number) becomes the lowest code: both as in ONNX Runtime on x86-64.
    """
    chosen = FUNCTIONS[function] if isinstance(function, str) else function
    inputs = [(code - in_zero_point) * Fraction(in_scale) for code in range(in_range.lo, in_range.hi + 1)]
    codes = rounded_codes(lambda x: chosen(x, **parameters), inputs, Fraction(out_scale), out_zero_point, out_range)
    return np.array(codes, np.int64)


def rounded_codes(
    function: Function,
    inputs: Iterable[Fraction],
    out_scale: Fraction,
    out_zero_point: int,
    out_range: IntRange,
    rounding: Rounding = "half_even",
) -> list[int]:
    """``clip(round(function(x) / out_scale) + out_zero_point)`` for each x, correctly rounded.

    Raises InternalError for a function whose value cannot be enclosed at any precision.
    """
    return [_rounded_code(function, Fraction(x), out_scale, out_zero_point, out_range, rounding) for x in inputs]


def _rounded_code(
    function: Function, x: Fraction, scale: Fraction, zero_point: int, out: IntRange, rounding: Rounding
) -> int:
    codes = (out.lo, out.hi)
    for precision in PRECISIONS:
        ends = function(Real(x, precision)).enclosure()
        if isinstance(ends, float):
            return out.hi if ends > 0 else out.lo  # NaN as well
        if ends is not None:
            low, high = (round_to_integer(end, rounding) + zero_point for end in sorted(end / scale for end in ends))
            codes = out.clamp(low), out.clamp(high)
            if codes[0] == codes[1]:
                return codes[0]
    if codes[1] - codes[0] == 1:  # within 2**-4000 of a tie: taken for the tie that it almost surely is
        return codes[1] if reached(codes[1] - zero_point, rounding)[1] else codes[0]
    raise InternalError(f"the value at {x} lies between codes {codes[0]} and {codes[1]}: no precision separates them")
