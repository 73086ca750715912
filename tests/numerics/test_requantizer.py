# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx
import onnx.reference
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer, requantize_ratio
from hwgen.numerics.rounding_mode import ROUNDINGS, round_to_integer
from hwgen.numerics.staircase import Staircase
from onnx_frontend.unsigned_weights import with_unsigned_weights

DOMAIN = IntRange(-170, 150)
ACC = np.arange(-170, 151)
RATIOS = st.one_of(
    st.builds(Fraction, st.integers(-40, 40), st.sampled_from([1, 2, 8, 64, 512])),
    st.fractions(-2, 2, max_denominator=5000),
)
OFFSETS = st.one_of(st.just(Fraction(0)), st.integers(-60, 60).map(lambda n: Fraction(n, 2)), st.fractions(-90, 90))
OUTS = st.sampled_from([IntRange(-128, 127), IntRange(0, 255), IntRange(0, 3), IntRange(-1, 1), IntRange(-999, 999)])
ZERO_POINTS = st.integers(-31, 31)


@settings(max_examples=150)
@given(RATIOS, OFFSETS, ZERO_POINTS, OUTS)
def test_the_real_staircase_equals_fraction_arithmetic(ratio, offset, zero_point, out):
    requantizer = Requantizer((ratio,), (offset,), zero_point, "real", out)
    ideal = [out.clamp(round(int(x) * ratio + offset) + zero_point) for x in ACC]
    assert requantizer.evaluate(ACC).tolist() == ideal
    assert requantizer.staircase(DOMAIN).evaluate(ACC).tolist() == ideal


@settings(max_examples=150)
@given(RATIOS, OFFSETS, ZERO_POINTS, OUTS, st.sampled_from(ROUNDINGS))
def test_every_rounding_mode_is_exact_in_arrays_and_in_staircases(ratio, offset, zero_point, out, mode):
    requantizer = Requantizer((ratio,), (offset,), zero_point, "real", out, mode)
    ideal = [out.clamp(round_to_integer(int(x) * ratio + offset, mode) + zero_point) for x in ACC]
    assert requantizer.evaluate(ACC).tolist() == ideal
    assert requantizer.staircase(DOMAIN).evaluate(ACC).tolist() == ideal


def test_only_the_real_dialect_has_rounding_modes():
    with pytest.raises(ValueError, match="rounds half to even"):
        Requantizer((Fraction(1, 2),), (0,), 0, "ort", IntRange(0, 1), "floor")


@settings(max_examples=100)
@given(st.floats(-4, 4, width=32), st.integers(-90, 90), ZERO_POINTS, OUTS, st.sampled_from(["ort", "ref"]))
def test_the_float_staircases_equal_the_float_formulas(ratio, offset, zero_point, out, dialect):
    stairs = Requantizer((Fraction(ratio),), (offset,), zero_point, dialect, out).staircase(DOMAIN)
    summed, scale = ACC + offset, np.float32(ratio)
    if dialect == "ort":
        codes = np.rint(summed.astype(np.float32) * scale).astype(np.int64) + zero_point
    else:
        codes = np.rint(summed.astype(np.float64) * np.float64(scale) + zero_point)
    assert (stairs.evaluate(ACC) == np.clip(codes, out.lo, out.hi)).all()


@pytest.mark.parametrize("dialect", ["real", "ort", "ref"])
def test_the_closed_form_and_bisection_agree_on_wide_accumulators(dialect):
    rng = np.random.default_rng(5)
    for ratio in rng.uniform(2.0**-16, 2.0**-15, 20).astype(np.float32) * rng.choice([-1, 1], 20):
        requantizer = Requantizer((Fraction(float(ratio)),), (45,), 7, dialect, IntRange(-128, 127))
        domain = IntRange(-(2**23), 2**24)
        stairs = requantizer.staircase(domain)
        assert stairs == Staircase.of_array_function(requantizer.evaluate, domain)
        assert len(stairs.thresholds) > 100


def test_dialects_differ_on_ties_with_an_odd_zero_point():
    values = {
        d: Requantizer((Fraction(1, 2),), (0,), 1, d, IntRange(0, 9)).evaluate(np.array([1])) for d in ("ort", "ref")
    }
    assert (values["ort"][0], values["ref"][0]) == (1, 2)


def test_channels_have_their_own_ratio_and_accumulator_range():
    requantizer = Requantizer(
        (Fraction(1, 3), Fraction(-1, 2), Fraction(0)), (Fraction(1, 2),), 0, "real", IntRange(-9, 9)
    )
    acc = np.arange(-30, 30).reshape(20, 3)
    codes = requantizer.evaluate(acc, axis=1)
    domains = [IntRange(-30, 27), IntRange(-29, 28), IntRange(-28, 29)]
    for channel, stairs in enumerate(requantizer.staircases(domains)):
        assert (stairs.evaluate(acc[:, channel]) == codes[:, channel]).all()
        assert stairs.direction == (1, -1, 0)[channel]


def test_what_a_dialect_cannot_express_is_refused():
    with pytest.raises(ValueError, match="float32 ratio"):
        Requantizer((Fraction(1, 3),), (0,), 0, "ort", IntRange(0, 1))
    with pytest.raises(ValueError, match="integer to the accumulator"):
        Requantizer((Fraction(1, 2),), (Fraction(1, 2),), 0, "ref", IntRange(0, 1))
    with pytest.raises(ValueError, match="dialect must be"):
        Requantizer((Fraction(1, 2),), (0,), 0, "tflite", IntRange(0, 1))
    with pytest.raises(ValueError, match="do not fit"):
        Requantizer((Fraction(1, 2),) * 2, (0,) * 3, 0, "real", IntRange(0, 1))


def qlinear_matmul(scales: tuple[float, float, float], zero_point: int) -> onnx.ModelProto:
    """(N, 8) x (8, 16), uint8 by int8 with zero points 0, to uint8."""
    sx, sw, sy = (repr(float(np.float32(s))) for s in scales)
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 13]>
        g (uint8[N, 8] x, int8[8, 16] w) => (uint8[N, 16] y) <
            float sx = {{{sx}}}, uint8 zx = {{0}}, float sw = {{{sw}}}, int8 zw = {{0}},
            float sy = {{{sy}}}, uint8 zy = {{{zero_point}}}
        > {{ y = QLinearMatMul(x, sx, zx, w, sw, zw, sy, zy) }}""")


def qlinear_conv(scales: tuple[float, np.ndarray, float], zero_point: int) -> onnx.ModelProto:
    """1x1 convolution of 8 to 16 channels with a scale per channel and an int32 bias."""
    sw = ", ".join(repr(float(s)) for s in scales[1])
    sx, sy = (repr(float(np.float32(s))) for s in (scales[0], scales[2]))
    return onnx.parser.parse_model(f"""
        <ir_version: 8, opset_import: ["": 13]>
        g (uint8[1, 8, H, 1] x, int8[16, 8, 1, 1] w, int32[16] b) => (uint8[1, 16, H, 1] y) <
            float sx = {{{sx}}}, uint8 zx = {{0}}, float[16] sw = {{{sw}}}, int8[16] zw = {{{", ".join("0" * 16)}}},
            float sy = {{{sy}}}, uint8 zy = {{{zero_point}}}
        > {{ y = QLinearConv(x, sx, zx, w, sw, zw, sy, zy, b) }}""")


def run(model: onnx.ModelProto, dialect: str, feed: dict[str, np.ndarray]) -> np.ndarray:
    if dialect == "ref":
        return onnx.reference.ReferenceEvaluator(model).run(None, feed)[0]
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    exact = with_unsigned_weights(model)  # the sums of the CPU, not the saturated ones that some have
    session = onnxruntime.InferenceSession(exact.SerializeToString(), options, ["CPUExecutionProvider"])
    return session.run(None, feed)[0]


MATMUL_SCALES = [(2.0**-7, 2.0**-4, 2.0**-2), (0.02, 0.005, 0.04), (0.0173, 0.0311, 0.931), (0.5, 0.25, 0.125)]


@pytest.mark.parametrize("dialect", ["ort", "ref"])
@pytest.mark.parametrize("scales", MATMUL_SCALES)
def test_matmul_is_bit_exact_in_the_engine_of_the_dialect(dialect, scales):
    rng = np.random.default_rng(1)
    x, w = rng.integers(0, 256, (300, 8), np.uint8), rng.integers(-128, 128, (8, 16), np.int8)
    zero_point = 129
    ratio = requantize_ratio(*(Fraction(float(np.float32(s))) for s in scales), dialect)
    requantizer = Requantizer((ratio,), (0,), zero_point, dialect, IntRange(0, 255))
    expected = run(qlinear_matmul(scales, zero_point), dialect, {"x": x, "w": w})
    acc = x.astype(np.int64) @ w.astype(np.int64)
    assert (requantizer.evaluate(acc) == expected).all()
    assert (requantizer.staircase(IntRange.of_array(acc)).evaluate(acc) == expected).all()
    assert 10 < len(np.unique(expected))


@pytest.mark.parametrize("dialect", ["ort", "ref"])
def test_conv_is_bit_exact_in_the_engine_of_the_dialect(dialect):
    rng = np.random.default_rng(2)
    x, w = rng.integers(0, 256, (1, 8, 400, 1), np.uint8), rng.integers(-128, 128, (16, 8, 1, 1), np.int8)
    bias = rng.integers(-9000, 9000, 16, np.int32)
    scales = (0.02, np.round(rng.uniform(0.001, 0.01, 16), 4).astype(np.float32), 0.05)
    exact = [Fraction(float(np.float32(s))) for s in (scales[0], scales[2])]
    ratios = tuple(requantize_ratio(exact[0], Fraction(float(s)), exact[1], dialect) for s in scales[1])
    requantizer = Requantizer(ratios, tuple(int(b) for b in bias), 77, dialect, IntRange(0, 255))
    expected = run(qlinear_conv(scales, 77), dialect, {"x": x, "w": w, "b": bias})
    acc = np.einsum("oc,nchw->nohw", w[:, :, 0, 0].astype(np.int64), x.astype(np.int64))
    assert (requantizer.evaluate(acc, axis=1) == expected).all()
