# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.kernels.matmul.folding_sparse import SparseFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with, pruned


@pytest.mark.parametrize("multiplier", ["dsp", "fabric"])
@pytest.mark.parametrize(
    "pe, simd, window, slots", [(1, 4, 4, 2), (2, 8, 4, 2), (4, 16, 4, 2), (2, 8, 8, 2), (3, 16, 16, 4)]
)
def test_a_sparse_array_equals_golden_on_time_for_every_shape_of_array(
    pe: int, simd: int, window: int, slots: int, multiplier: str
) -> None:
    node = matmul_with(pruned(12, 16, window, slots), (1, 16, 3))
    check_kernel(MatMulKernel(), node, SparseFolding.of(pe, simd, window, slots, 1, "block", multiplier))


@pytest.mark.parametrize("slots", [1, 2, 3])
@pytest.mark.parametrize("pe", [2, 4])
def test_dense_weights_take_the_cycles_of_a_dense_array_with_as_many_multipliers(pe: int, slots: int) -> None:
    node, kernel = matmul((1, 12, 2), 4), MatMulKernel()
    folding = SparseFolding.of(pe, 6, 3, slots, 1, "logic")
    assert kernel.cycles(node, folding).worst == 2 * (4 // pe) * 2 * -(-3 // slots)
    check_kernel(kernel, node, folding)


def test_signed_inputs_groups_and_four_bit_weights() -> None:
    weights = np.concatenate([pruned(4, 8, 4, 1, seed=k, bits=4) for k in range(3)])
    node = matmul_with(weights, (1, 24, 2), groups=3, x=IntRange(-8, 7))
    check_kernel(MatMulKernel(), node, SparseFolding.of(2, 4, 4, 1, 1, "logic", "fabric"))


def test_weights_may_all_be_zero() -> None:
    node = matmul_with(np.zeros((2, 8), np.int64), (1, 8, 2))
    check_kernel(MatMulKernel(), node, SparseFolding.of(2, 8, 4, 1, 1, "block"))


def channels_of_taps() -> Node:
    """2 of 4 channels of each tap of a 3-tap kernel, as a convolution stores them: row ``c * taps + t``."""
    by_tap = pruned(4, 24, 4, 2).reshape(4, 3, 8)
    return matmul_with(by_tap.transpose(0, 2, 1).reshape(4, 24), (1, 24, 2))


def test_a_window_may_be_channels_of_one_tap() -> None:
    node, kernel = channels_of_taps(), MatMulKernel()
    folding = SparseFolding.of(2, 8, 4, 2, 3, "block")
    assert kernel.cycles(node, folding).worst == 2 * 2 * 3
    taps_outside = Order.of_loops((2, 1), (3, 2), (8, 6))
    (taken,), _ = kernel.orders(node, folding, (taps_outside,))
    assert taken == taps_outside
    check_kernel(kernel, node, folding, given=(taps_outside,))


def test_inputs_in_another_order_are_asked_for_in_the_order_of_the_windows() -> None:
    node, kernel = channels_of_taps(), MatMulKernel()
    folding = SparseFolding.of(2, 8, 4, 2, 3, "block")
    (taken,), _ = kernel.orders(node, folding, (Order.channels_last((1, 24, 2)),))
    assert taken == Order.of_loops((2, 1), (3, 2), (8, 6))
    with pytest.raises(IllegalFolding):
        kernel.program(node, folding, kernel.spec(node, folding), (Order.channels_last((1, 24, 2)),))
