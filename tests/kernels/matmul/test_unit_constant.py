# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.order import Order
from hwgen.kernels.matmul.folding_constant import ConstantFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with

CODES = {"uint8": IntRange(0, 255), "int4": IntRange(-8, 7), "binary": IntRange(0, 1), "narrow": IntRange(-3, 100)}


def check(node, levels=1, given=None) -> None:
    check_kernel(MatMulKernel(), node, ConstantFolding.of(node, levels), given=given)


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_a_constant_matrix_takes_and_gives_a_position_each_cycle(levels: int) -> None:
    check(matmul((1, 6, 2, 2), 5), levels)


@pytest.mark.parametrize("x", CODES.values(), ids=CODES)
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_inputs_and_weights_of_all_widths(x: IntRange, bits: int) -> None:
    check(matmul((1, 9), 6, x=x, bits=bits))


@pytest.mark.parametrize(
    "weights", [[[0, 0]], [[1, 0], [0, -4]], [[-3, -5], [0, 0]], [[6, 12], [-6, -12]], [[1, 1]] * 3]
)
def test_rows_of_zeros_of_one_term_of_negatives_and_of_equals(weights: list[list[int]]) -> None:
    check(matmul_with(weights, (1, 2)))


def test_groups_are_blocks_of_one_matrix() -> None:
    check(matmul((1, 36, 2), 8, 4))


def test_lanes_in_another_order_are_wired_to_their_columns() -> None:
    """A flattened image that arrives channels last."""
    check(matmul((1, 12), 3), given=(Order(((6, 1), (2, 6))),))


def test_wide_weights_and_wide_inputs() -> None:
    check(matmul_with(np.array([[-32768, 32767, 12345], [-1, 21845, -30000]]), (1, 3), x=IntRange(-32768, 32767)))
