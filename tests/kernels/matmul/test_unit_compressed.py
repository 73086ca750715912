# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.order import Order
from hwgen.kernels.matmul.folding_compressed import CompressedFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with


def blocks(
    outputs: int, inputs: int, rows: int, columns: int, density: float, seed: int = 0, bits: int = 8
) -> np.ndarray:
    """Random weights in blocks of which a part is zero."""
    rng = np.random.default_rng(seed)
    kept = rng.random((outputs // rows, inputs // columns)) < density
    half = 1 << (bits - 1)
    weights = rng.integers(-half, half, (outputs, inputs))
    return np.where(np.repeat(np.repeat(kept, rows, axis=0), columns, axis=1), weights, 0)


@pytest.mark.parametrize("multiplier", ["dsp", "fabric"])
@pytest.mark.parametrize(
    "pe, rows, simd, distance_bits",
    [(1, 1, 1, 2), (2, 1, 1, 4), (4, 2, 1, 1), (12, 1, 1, 2), (12, 12, 2, 3), (6, 3, 4, 1), (4, 4, 16, 1)],
)
def test_walkers_equal_golden_on_time_for_every_block(
    pe: int, rows: int, simd: int, distance_bits: int, multiplier: str
) -> None:
    node = matmul_with(blocks(12, 16, rows, simd, 0.3), (1, 16, 3))
    folding = CompressedFolding.of(pe, rows, simd, 1, distance_bits, "block", multiplier)
    check_kernel(MatMulKernel(), node, folding)


@pytest.mark.parametrize("density", [0.0, 0.05, 1.0])
def test_empty_rows_and_dense_ones(density: float) -> None:
    node = matmul_with(blocks(8, 24, 1, 1, density), (1, 24, 2))
    check_kernel(MatMulKernel(), node, CompressedFolding.of(4, 1, 1, 1, 2, "logic"))


def test_inputs_that_are_no_power_of_two_and_signed() -> None:
    node = matmul_with(blocks(6, 11, 1, 1, 0.4, bits=4), (1, 11, 4), x=IntRange(-8, 7))
    check_kernel(MatMulKernel(), node, CompressedFolding.of(2, 1, 1, 1, 3, "logic", "fabric"))


def test_one_beat_and_one_entry_a_position() -> None:
    node = matmul_with(blocks(4, 4, 4, 4, 1.0), (1, 4, 5))
    check_kernel(MatMulKernel(), node, CompressedFolding.of(4, 4, 4, 1, 1, "logic"))


def test_channels_of_one_tap_are_neighbours() -> None:
    by_tap = blocks(4, 24, 1, 4, 0.4).reshape(4, 3, 8)
    node = matmul_with(by_tap.transpose(0, 2, 1).reshape(4, 24), (1, 24, 2))
    order = Order.of_loops((2, 1), (3, 2), (8, 6))
    check_kernel(MatMulKernel(), node, CompressedFolding.of(2, 1, 4, 3, 1, "block"), given=(order,))


def test_cycles_follow_the_weights_that_are_not_zero() -> None:
    node, kernel = matmul_with(blocks(64, 64, 1, 1, 0.2), (1, 64, 10)), MatMulKernel()
    weights = node.src[1].op.values
    folding = CompressedFolding.of(4, 1, 1, 1, 4, "block")
    assert kernel.cycles(node, folding).worst <= 10 * 1.12 * (weights != 0).sum() / 4


def test_dense_weights_are_offered_no_lists() -> None:
    node, kernel = matmul((1, 16, 2), 8), MatMulKernel()
    assert "compressed" not in {f.form for f in kernel.foldings(node, Target.named("ecp5-85k"))}
