# SPDX-License-Identifier: Apache-2.0
"""The bound on float32 softmax against what onnxruntime computes, and real exponentials."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx.parser
import onnxruntime
import pytest

from hwgen.comparison.softmax_bounds import EXP_ROUNDINGS, UNIT, softmax_of_floats
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.softmax.op import Softmax, fraction_bits
from hwgen.numerics.range import IntRange

INT8 = IntRange(-128, 127)


def session(op: str, shape: str) -> onnxruntime.InferenceSession:
    text = f'<ir_version: 8, opset_import: ["": 17]> g (float[{shape}] x) => (float[{shape}] y) {{ y = {op}(x) }}'
    return onnxruntime.InferenceSession(onnx.parser.parse_model(text).SerializeToString())


def node(row: int, scale: float, ratio: int) -> Node:
    out = IntRange(-10 * ratio, 10 * ratio)
    op = Softmax(0, Fraction(scale), Fraction(ratio), 0, out, fraction_bits(row, Fraction(ratio)))
    return Node(op, (Node(Input(TensorType((row,), INT8)), name="x"),), "s")


def test_exp_is_within_the_roundings_that_the_bound_allows() -> None:
    x = -np.exp(np.random.default_rng(0).uniform(-20, np.log(87), 1_000_000)).astype(np.float32)
    real = np.exp(x.astype(np.float64))
    for got in (np.exp(x), session("Exp", "n").run(None, {"x": x})[0]):
        assert np.abs(got / real - 1).max() <= EXP_ROUNDINGS * UNIT


@pytest.mark.parametrize("row", [2, 64, 1000])
@pytest.mark.parametrize("scale", [1.9, 0.37, 0.05, 0.003])
def test_the_real_softmax_lies_within_the_bound_around_onnxruntimes(row: int, scale: float) -> None:
    """On a grid so fine that every error of float32 is many steps."""
    ratio = 2**40
    codes = np.random.default_rng(row).integers(-128, 128, (200, row))
    codes[::2] = np.maximum(codes[::2], 90)
    scale = float(np.float32(scale))
    logits = scale * codes.astype(np.float64)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    real = np.rint(powers / powers.sum(axis=1, keepdims=True) * ratio)
    engine = session("Softmax<axis=-1>", "n,k").run(None, {"x": codes.astype(np.float32) * np.float32(scale)})[0]
    low, high = softmax_of_floats(
        node(row, scale, ratio), codes, engine.astype(np.float64), 1 / ratio, "half_even", (0, 0)
    )
    assert (low <= real).all() and (real <= high).all()
    large = real > ratio >> 12
    allowed = ((high - low)[large] / 2) / real[large]
    seen = np.abs(engine[large] * ratio / real[large] - 1)
    assert seen.max() > allowed.max() / (20 + row), "a bound so wide certifies anything"


def test_a_result_beyond_the_bound_is_no_tie() -> None:
    codes = np.array([[0, 3]])
    real = 1 / (1 + np.exp(np.array([[3.0, -3.0]]) * 0.5))
    low, high = softmax_of_floats(node(2, 0.5, 256), codes, real * (1 + 1e-5) + 1e-3, 1 / 256, "half_even", (0, 0))
    assert (high - low <= 1).all()
