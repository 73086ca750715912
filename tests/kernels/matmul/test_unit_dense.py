# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul


@pytest.mark.parametrize("pe, simd", [(1, 1), (2, 3), (4, 6), (4, 1), (1, 6), (2, 2)])
def test_a_dense_array_equals_golden_on_time_for_every_shape_of_array(pe: int, simd: int) -> None:
    check_kernel(MatMulKernel(), matmul(), DenseFolding.of(1, pe, simd, "block"))


@pytest.mark.parametrize("lanes, simd", [(1, 1), (2, 1), (4, 1), (2, 3), (4, 9)])
def test_a_depthwise_array_works_on_several_channels_at_a_time(lanes: int, simd: int) -> None:
    check_kernel(MatMulKernel(), matmul((1, 36, 2, 2), 4, 4), DenseFolding.of(lanes, 1, simd, "logic"))


def test_groups_with_several_outputs_run_one_after_the_other() -> None:
    check_kernel(MatMulKernel(), matmul((1, 8, 3), 6, 2), DenseFolding.of(1, 1, 2, "block"))


def test_signed_inputs_and_three_bit_weights() -> None:
    check_kernel(MatMulKernel(), matmul((1, 12), 4, x=IntRange(-8, 7), bits=3), DenseFolding.of(1, 2, 4, "logic"))
