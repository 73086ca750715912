# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with


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


@pytest.mark.parametrize("x", [IntRange(0, 255), IntRange(-8, 7), IntRange(0, 1), IntRange(-1, 1)], ids=str)
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 8])
def test_without_multipliers_it_is_exact_and_on_time_for_all_widths(bits: int, x: IntRange) -> None:
    check_kernel(MatMulKernel(), matmul((1, 6, 2), 4, x=x, bits=bits), DenseFolding.of(1, 2, 3, "logic", "fabric"))


@pytest.mark.parametrize("values", [(-1, 1), (0, 1), (-1, 0, 1), (-2, 3), (0, 9), (0, 31), (1, 1)])
def test_weights_of_few_values_are_digits_without_multipliers(values: tuple[int, ...]) -> None:
    weights = np.random.default_rng(0).choice(values, (4, 6))
    check_kernel(MatMulKernel(), matmul_with(weights, (1, 6, 2)), DenseFolding.of(1, 2, 6, "block", "fabric"))


def test_groups_without_multipliers() -> None:
    check_kernel(MatMulKernel(), matmul((1, 36, 2), 4, 4), DenseFolding.of(2, 1, 3, "logic", "fabric"))


def test_operands_wider_than_a_dsp_block_take_none() -> None:
    node = matmul((1, 4), 2, x=IntRange(-(1 << 19), 1 << 19))
    kernel, target = MatMulKernel(), Target.named("ecp5-25k")
    dense = [folding for folding in kernel.foldings(node, target) if folding.form == "dense"]
    assert {folding.multiplier for folding in dense} == {"fabric"}
    check_kernel(kernel, node, DenseFolding.of(1, 2, 2, "logic", "fabric"))


@pytest.mark.parametrize("x, bits", [(IntRange(-5487, 5478), 27), (IntRange(-(1 << 20), 1 << 20), 4)])
def test_operands_wider_than_a_multiplier_take_several(x: IntRange, bits: int) -> None:
    check_kernel(MatMulKernel(), matmul((1, 12), 3, 3, x=x, bits=bits), DenseFolding.of(1, 1, 2, "block"))


def test_sixteen_bits_on_both_sides_without_multipliers() -> None:
    node = matmul((1, 4), 2, x=IntRange(-32768, 32767), bits=16)
    check_kernel(MatMulKernel(), node, DenseFolding.of(1, 2, 2, "logic", "fabric"))
