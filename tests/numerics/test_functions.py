# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import onnx
import onnxruntime
import pytest

from hwgen.errors import InternalError
from hwgen.numerics.functions import FUNCTIONS, function_table, rounded_codes
from hwgen.numerics.range import IntRange
from hwgen.numerics.real import Real
from hwgen.numerics.rounding import fraction_of_float32

INT8 = IntRange(-128, 127)
CODES = np.arange(-128, 128)
ERF = np.vectorize(math.erf)
F32 = np.float32
PARAMETERS = {"power": {"exponent": Fraction(3, 2)}, "clip": {"lo": Fraction(-1, 3), "hi": 2}}
FLOAT64 = {
    "identity": lambda x: x,
    "neg": np.negative,
    "abs": np.abs,
    "square": np.square,
    "sqrt": np.sqrt,
    "reciprocal": np.reciprocal,
    "power": lambda x: x**1.5,
    "exp": np.exp,
    "log": np.log,
    "erf": ERF,
    "sin": np.sin,
    "cos": np.cos,
    "floor": np.floor,
    "ceil": np.ceil,
    "round": np.rint,
    "sign": np.sign,
    "clip": lambda x: np.clip(x, -1 / 3, 2),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "relu": lambda x: np.maximum(x, 0),
    "leaky_relu": lambda x: np.where(x < 0, x * float(F32(0.01)), x),
    "thresholded_relu": lambda x: np.where(x > 1, x, 0),
    "elu": lambda x: np.where(x < 0, np.expm1(x), x),
    "selu": lambda x: float(F32(1.0507010)) * np.where(x < 0, float(F32(1.6732632)) * np.expm1(x), x),
    "celu": lambda x: np.where(x < 0, np.expm1(x), x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "hard_sigmoid": lambda x: np.clip(float(F32(0.2)) * x + 0.5, 0, 1),
    "tanh": np.tanh,
    "softsign": lambda x: x / (1 + np.abs(x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "silu": lambda x: x / (1 + np.exp(-x)),
    "hard_swish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "gelu": lambda x: x * 0.5 * (1 + ERF(x / math.sqrt(2))),
    "gelu_tanh": lambda x: 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_tables_agree_with_float64_wherever_float64_is_sure(name):
    in_scale, out_scale = fraction_of_float32(F32(0.0437)), fraction_of_float32(F32(0.0251))
    table = function_table(name, INT8, in_scale, -5, out_scale, 7, INT8, **PARAMETERS.get(name, {}))
    with np.errstate(all="ignore"):
        ideal = FLOAT64[name]((CODES + 5) * float(in_scale)) / float(out_scale)
        sure = np.isfinite(ideal) & (np.abs(ideal % 1 - 0.5) > 1e-9)
    assert sure.sum() > 100
    assert (table[sure] == np.clip(np.rint(ideal[sure]) + 7, -128, 127)).all()


def test_ties_are_exact_and_go_to_the_even_step():
    half = Fraction(1, 2)
    assert function_table("relu", IntRange(-1, 5), half, 0, Fraction(1), 3, INT8).tolist() == [3, 3, 3, 4, 5, 5, 5]
    assert function_table("sigmoid", IntRange(0, 0), half, 0, Fraction(1), 5, INT8).tolist() == [5]
    assert function_table("exp", IntRange(0, 0), half, 0, Fraction(2, 3), 0, INT8).tolist() == [2]
    assert function_table("sqrt", IntRange(9, 9), Fraction(1, 4), 0, Fraction(1), 0, INT8).tolist() == [2]
    assert function_table("tanh", IntRange(0, 0), half, 0, Fraction(1), 9, INT8).tolist() == [9]


@pytest.mark.parametrize("nudge", [-1, 0, 1])
def test_values_next_to_a_tie_are_told_apart(nudge):
    """exp(1) / scale is within 2**-200 of 3/2; the scale is a fraction, so only precision tells."""
    low, _ = Real(1, 400).exp().enclosure()
    scale = low / Fraction(3, 2) * (1 - Fraction(nudge, 2**200))
    expected = 1 if nudge < 0 else 2  # e itself is above the lower end of its enclosure
    assert rounded_codes(Real.exp, [Fraction(1)], scale, 0, INT8) == [expected]


def test_an_irrational_expression_of_a_tie_is_taken_for_the_tie():
    assert rounded_codes(lambda x: x.sqrt() * x.sqrt(), [Fraction(3, 2), Fraction(5, 2)], Fraction(1), 0, INT8) == [
        2,
        2,
    ]


def test_a_function_that_cannot_be_enclosed_is_an_internal_error():
    with pytest.raises(InternalError, match="no precision separates"):
        rounded_codes(lambda x: 1 / (x.sqrt() ** 2 - 2), [Fraction(2)], Fraction(1), 0, INT8)


def test_functions_compose_and_take_parameters():
    silu_of_relu6 = lambda x: FUNCTIONS["silu"](FUNCTIONS["clip"](x, 0, 6))  # noqa: E731
    table = function_table(silu_of_relu6, INT8, Fraction(1, 8), 0, Fraction(1, 16), 0, INT8)
    x = np.clip(CODES / 8, 0, 6)
    assert (table == np.rint(x / (1 + np.exp(-x)) * 16)).all()
    steep = function_table("leaky_relu", INT8, Fraction(1), 0, Fraction(1), 0, INT8, alpha=Fraction(3, 2))
    assert steep[CODES == -3] == -4 and steep[CODES == 3] == 3


def onnxruntime_table(op: str, scale: float, zero_point: int) -> np.ndarray:
    model = onnx.parser.parse_model(f"""
        <ir_version: 9, opset_import: ["": 19]>
        g (int8[256] x) => (int8[256] y) <float s = {{{float(F32(scale))!r}}}, int8 z = {{{zero_point}}}> {{
            d = DequantizeLinear(x, s, z)
            f = {op}(d)
            y = QuantizeLinear(f, s, z)
        }}""")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, {"x": CODES.astype(np.int8)})[0]


@pytest.mark.parametrize("scale", [0.0371, 0.5])
@pytest.mark.parametrize("op", ["Sqrt", "Log", "Reciprocal", "Sigmoid", "Tanh", "Erf", "Exp", "Softplus", "Mish"])
def test_tables_equal_onnxruntime_also_for_infinities_and_nan(op, scale):
    exact = fraction_of_float32(F32(scale))
    table = function_table(op.lower(), INT8, exact, -3, exact, -3, INT8)
    assert (table == onnxruntime_table(op, scale, -3)).all()
