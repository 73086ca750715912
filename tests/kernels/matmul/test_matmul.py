# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.matmul.folding import DenseFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel


def matmul(shape=(1, 6, 2, 2), outputs=4, groups=1, axis=1, x=IntRange(0, 255), bits=8, seed=0) -> Node:
    rng = np.random.default_rng(seed)
    half = 1 << (bits - 1)
    weights = rng.integers(-half, half, (outputs, shape[axis] // groups))
    weights.flat[0] = -half
    source = Node(Input(TensorType(shape, x)), (), "x")
    return Node(MatMul(axis, groups), (source, Node(Constant(weights), (), "w")), "matmul")


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


@pytest.mark.parametrize("x, bits", [(IntRange(-5487, 5478), 27), (IntRange(-(1 << 20), 1 << 20), 4)])
def test_operands_wider_than_a_multiplier_take_several(x: IntRange, bits: int) -> None:
    check_kernel(MatMulKernel(), matmul((1, 12), 3, 3, x=x, bits=bits), DenseFolding.of(1, 1, 2, "block"))
