# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hwgen.ir.op import TensorType
from hwgen.kernels.layer_norm.op import MOST_ERROR, LayerNorm, RealNorm
from hwgen.numerics.range import IntRange
from tests.kernels.layer_norm.nodes import BYTE, EPSILON, SCALE, SIGNED, ZERO, affine, node

OUTPUTS = 500_000
FINE = Fraction(1, 1 << 24)


def rows_of(length: int, count: int, seed: int) -> np.ndarray:
    """Wide, narrow, nearly flat, one-hot and flat rows of int8 codes, the narrow ones far off zero."""
    rng = np.random.default_rng(seed)
    share = max(1, count // 3)
    kinds = [
        rng.integers(-128, 128, (share, length)),
        np.clip(np.rint(rng.normal(rng.integers(-90, 91, (share, 1)), 12, (share, length))), -128, 127),
        rng.integers(0, 3, (share, length)) + rng.integers(-128, 126, (share, 1)),
        np.where(np.arange(length) == rng.integers(0, length, (4, 1)), 127, -128),
        np.full((1, length), 100),
    ]
    return np.concatenate(kinds).astype(np.int64)


def steps(codes: np.ndarray, centered: bool, epsilon: Fraction) -> np.ndarray:
    """The real LayerNorm or RMSNorm in steps of the result, without its zero point."""
    n = codes.shape[1]
    gains, biases = (np.array([np.longdouble(v.numerator) / v.denominator for v in c]) for c in affine(n))
    u = codes - ZERO
    squares, total = (u * u).sum(1, keepdims=True), u.sum(1, keepdims=True)
    numerator, spread = (n * u - total, n * squares - total**2) if centered else (u, squares)
    added = float(epsilon * n * (n if centered else 1) / SCALE**2)
    gain = gains if centered else gains * np.sqrt(np.longdouble(n))
    return gain * numerator / np.sqrt(spread + np.longdouble(added)) + biases


@pytest.mark.parametrize("length", [8, 64, 768, 4096])
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_the_value_lies_within_the_declared_error_of_the_real_one(length: int, centered: bool) -> None:
    codes = rows_of(length, OUTPUTS // length, length)
    real = np.clip(steps(codes, centered, EPSILON) + 5, -128, 127)
    for most in (MOST_ERROR, Fraction(1, 1 << 14)):
        op = node((length,), 0, centered, error=most).op
        assert op.error(length) <= most * Fraction(101, 100)
        assert np.abs(op.golden(codes) - real).max() <= 0.5 + float(op.error(length))


@pytest.mark.parametrize("length", [8, 64, 768, 4096])
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_with_an_error_of_a_2_24th_no_output_differs_from_the_rounded_real_one(length: int, centered: bool) -> None:
    codes = rows_of(length, OUTPUTS // length + 8, length + 1)
    assert codes.size >= OUTPUTS
    real = np.clip(np.rint(steps(codes, centered, EPSILON)) + 5, -128, 127)
    assert (node((length,), 0, centered, error=FINE).op.golden(codes) != real).sum() == 0


@pytest.mark.parametrize("epsilon", [Fraction(1, 10**12), Fraction(1, 1000), Fraction(3)], ids=str)
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_any_epsilon(centered: bool, epsilon: Fraction) -> None:
    codes = rows_of(48, 300, 7)
    op = node((48,), 0, centered, epsilon=epsilon).op
    real = np.clip(steps(codes, centered, epsilon) + 5, -128, 127)
    assert np.abs(op.golden(codes) - real).max() <= 0.51


def test_a_flat_row_gives_the_biases_rounded_half_to_even() -> None:
    biases = [Fraction(k, 2) for k in range(-6, 6)]
    real = RealNorm(0, True, SCALE, 3, EPSILON, [Fraction(20)] * 12, biases)
    op = LayerNorm.of_reals(TensorType((12,), BYTE), real, 0, SIGNED)
    assert op.golden(np.full((1, 12), 77)).tolist() == [[round(b) for b in biases]]
    assert op.golden(np.full((1, 12), 0)).tolist() == [[round(b) for b in biases]]


def test_the_mean_does_not_matter_and_a_constant_gain_is_kept_once() -> None:
    op = node((12,), 0, uniform=True).op
    assert (len(op.gains), len(op.biases)) == (1, 1)
    codes = np.random.default_rng(0).integers(-60, 60, (9, 12))
    assert (op.golden(codes) == op.golden(codes + 60)).all()


def test_any_axis() -> None:
    op, codes = node((12,), 0).op, np.random.default_rng(0).integers(-128, 128, (2, 3, 12, 5))
    there = replace(op, axis=1).golden(codes)
    assert (np.moveaxis(there, 2, -1) == replace(op, axis=2).golden(np.moveaxis(codes, 2, -1))).all()


def test_the_inferred_range_is_no_wider_than_the_result() -> None:
    real = RealNorm(0, True, SCALE, 0, EPSILON, [Fraction(3)], [Fraction(2)])
    narrow = LayerNorm.of_reals(TensorType((4,), SIGNED), real, 0, SIGNED)
    kind = replace(node((4,), 0), op=narrow).type
    assert kind.range in IntRange(-6, 9)
    codes = np.array([[127, -128, -128, -128], [-128, 127, 127, 127]])
    assert narrow.golden(codes).tolist()[0][0] == 7 and narrow.golden(codes).tolist()[1][0] == -3


def test_gains_and_biases_must_fit_the_row() -> None:
    with pytest.raises(ValueError, match="12 gains and 12 biases for rows of 6"):
        _ = replace(node((6,), 0), op=node((12,), 0).op).type
