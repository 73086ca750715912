# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnxruntime
import pytest

from hwgen.comparison.norm_bounds import norm_bound
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.layer_norm.op import LayerNorm, RealNorm
from hwgen.numerics.range import IntRange
from tests.models import parse

SCALE, STEP, EPSILON = np.float32(0.0431), np.float32(0.031), np.float32(1e-5)
WORDS = IntRange.of_bits(16, signed=True)
FINE = Fraction(1, 1 << 30)


def node(n: int, centered: bool, gamma: np.ndarray, beta: np.ndarray) -> Node:
    kind = TensorType((n,), WORDS)
    gains, biases = ([Fraction(float(v)) / Fraction(float(STEP)) for v in values] for values in (gamma, beta))
    real = RealNorm(0, centered, Fraction(float(SCALE)), 0, Fraction(float(EPSILON)), gains, biases)
    op = LayerNorm.of_reals(kind, real, 0, WORDS, FINE)
    return Node(op, (Node(Input(kind), (), "x"),), "norm")


def one_pass(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, centered: bool) -> np.ndarray:
    """mean(x * x) - mean**2, added up one after the other, every step in float32."""
    n = np.float32(x.shape[1])
    mean = np.cumsum(x, axis=1, dtype=np.float32)[:, -1:] / n if centered else np.float32(0)
    power = np.cumsum(x * x, axis=1, dtype=np.float32)[:, -1:] / n
    return (x - mean) / np.sqrt(power - mean * mean + EPSILON) * gamma + beta


def two_passes(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, centered: bool) -> np.ndarray:
    n = np.float32(x.shape[1])
    deviation = x - np.cumsum(x, axis=1, dtype=np.float32)[:, -1:] / n if centered else x
    power = np.cumsum(deviation * deviation, axis=1, dtype=np.float32)[:, -1:] / n
    return deviation * (np.float32(1) / np.sqrt(power + EPSILON)) * gamma + beta


def onnxruntime_(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, centered: bool) -> np.ndarray:
    op = "LayerNormalization(x, g, b)" if centered else "SimplifiedLayerNormalization(x, g)"
    model = parse(
        f"""<ir_version: 8, opset_import: ["": 17]>
        m (float[r,n] x, float[n] g, float[n] b) => (float[r,n] y) {{ y = {op} }}"""
    )
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x, "g": gamma, "b": beta})[0] + (0 if centered else beta)


ROWS = {"wide": (0, 9000), "narrow": (0, 60), "far off zero": (-1500, 60), "nearly flat": (100, 1)}


@pytest.mark.parametrize("engine", [one_pass, two_passes, onnxruntime_], ids=["one pass", "two passes", "onnxruntime"])
@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("n", [8, 64, 768, 4096])
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_no_float32_engine_leaves_the_bound(engine, rows: tuple[int, int], n: int, centered: bool) -> None:
    rng = np.random.default_rng(n)
    gamma, beta = rng.normal(1, 0.2, n).astype(np.float32), rng.normal(0, 0.3, n).astype(np.float32)
    codes = np.clip(np.rint(rng.normal(*rows, (max(8, 40_000 // n), n))), WORDS.lo, WORDS.hi).astype(np.int64)
    with np.errstate(invalid="ignore"):
        theirs = engine(codes.astype(np.float32) * SCALE, gamma, beta, centered) / STEP
    value, bound = norm_bound(node(n, centered, gamma, beta), codes, 0)
    known = np.isfinite(bound)
    assert (np.abs(theirs.astype(np.float64) - value)[known] <= bound[known]).all()


@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_the_bound_of_ordinary_rows_is_small(centered: bool) -> None:
    """A mistake that shows in one code in a hundred is not excused."""
    rng = np.random.default_rng(1)
    codes = rng.integers(-128, 128, (64, 768))
    gamma, beta = rng.normal(1, 0.2, 768).astype(np.float32), np.zeros(768, np.float32)
    _, bound = norm_bound(node(768, centered, gamma, beta), codes, 0)
    assert bound.max() < 0.01


def test_where_the_variance_may_cancel_altogether_nothing_is_known() -> None:
    codes = 32000 + np.arange(4096) % 2
    ones = np.ones(4096, np.float32)
    _, bound = norm_bound(node(4096, True, ones, 0 * ones), codes[None], 0)
    assert np.isinf(bound).all()
