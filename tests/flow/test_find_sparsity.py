# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.flow.find_sparsity import find_sparsity
from hwgen.ir.graph import Graph
from tests.kernels.matmul.nodes import matmul_with


def savings(weights: np.ndarray) -> dict[str, tuple[Fraction, Fraction]]:
    node = matmul_with(weights, (1, weights.shape[1], 2))
    (row,) = find_sparsity(Graph((node.src[0],), {"y": node}))
    assert row.zeros == (weights == 0).sum() and row.weights == weights.size
    return {s.pattern: (s.cycles, s.bits) for s in row.savings}


def test_dense_weights_save_nothing() -> None:
    assert savings(np.arange(1, 65).reshape(4, 16)) == {}


def test_two_of_four_halves_the_work_and_keeps_five_eighths_of_the_bits() -> None:
    weights = np.random.default_rng(0).integers(1, 128, (16, 8, 4))
    weights[:, :, [0, 3]] = 0
    assert savings(weights.reshape(16, 32))["2:4"] == (Fraction(1, 2), Fraction(5, 8))


def test_blocks_that_are_zero_are_found() -> None:
    weights = np.random.default_rng(0).integers(1, 9, (32, 32))
    weights[:16, 16:] = 0
    assert savings(weights)["block 16x16"] == (Fraction(3, 4), Fraction(3, 4))


def test_rows_that_repeat_are_counted_once() -> None:
    weights = np.random.default_rng(0).choice([-1, 1], (8, 16))
    assert savings(np.concatenate([weights, weights]))["equal rows"] == (Fraction(1, 2), Fraction(1, 2))


def test_scattered_zeros_count_one_by_one() -> None:
    weights = np.random.default_rng(0).integers(1, 128, (16, 64))
    weights[np.random.default_rng(1).random(weights.shape) < 0.9] = 0
    part = Fraction(int((weights != 0).sum()), weights.size)
    assert savings(weights)["unstructured"] == (part, part * Fraction(12, 8))
