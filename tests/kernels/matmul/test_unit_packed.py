# SPDX-License-Identifier: Apache-2.0
"""Dense arrays in which two outputs share a multiplier."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with

KERNEL, INT4 = MatMulKernel(), IntRange(-8, 7)


@pytest.mark.parametrize("pe, simd", [(2, 1), (2, 3), (4, 6), (4, 2), (3, 2)])
def test_a_packed_array_equals_golden_on_time_for_every_shape_of_array(pe: int, simd: int) -> None:
    check_kernel(KERNEL, matmul(outputs=12, x=INT4, bits=4), DenseFolding.of(1, pe, simd, "block", "packed"))


@pytest.mark.parametrize("x", [IntRange(0, 15), IntRange(-8, 7), IntRange(0, 1), IntRange(-1, 1)], ids=str)
@pytest.mark.parametrize("bits", [1, 2, 3, 4, 5])
def test_it_is_exact_and_on_time_for_all_widths(bits: int, x: IntRange) -> None:
    check_kernel(KERNEL, matmul((1, 6, 2), 6, x=x, bits=bits), DenseFolding.of(1, 3, 3, "logic", "packed"))


@pytest.mark.parametrize("values", [(-8, -8), (-8, 7), (7, 7), (0, -1), (0, 0)])
@pytest.mark.parametrize("x", [INT4, IntRange(-8, -8), IntRange(0, 15), IntRange(7, 7)], ids=str)
def test_sums_at_the_ends_of_their_fields_do_not_disturb_each_other(values: tuple[int, int], x: IntRange) -> None:
    weights = np.random.default_rng(0).choice(values, (4, 16))
    check_kernel(KERNEL, matmul_with(weights, (1, 16), x=x), DenseFolding.of(1, 2, 8, "block", "packed"))
    check_kernel(KERNEL, matmul_with(weights, (1, 16), x=x), DenseFolding.of(1, 4, 16, "block", "packed"))


def test_a_field_holds_its_lowest_sum_and_what_is_borrowed_from_it() -> None:
    node = matmul_with(np.full((2, 12), -1), (1, 12), x=IntRange(0, 8))  # sums of 4 down to -32, of six bits
    check_kernel(KERNEL, node, DenseFolding.of(1, 2, 4, "block", "packed"))


def test_groups_share_multipliers_among_their_own_outputs_only() -> None:
    node = matmul((1, 12, 3), 9, 3, x=INT4, bits=4)
    check_kernel(KERNEL, node, DenseFolding.of(1, 3, 2, "block", "packed"))
    check_kernel(KERNEL, node, DenseFolding.of(3, 3, 4, "logic", "packed"))


def packed(target: str, **node) -> list[DenseFolding]:
    offered = KERNEL.foldings(matmul((1, 64), 64, **node), Target.named(target))
    return [f for f in offered if f.form == "dense" and f.multiplier == "packed"]


def test_four_bits_share_the_multiplier_of_an_ecp5_and_eight_bits_do_not() -> None:
    narrow = packed("ecp5-85k", x=INT4, bits=4)
    assert DenseFolding.of(1, 8, 8, "block", "packed") in narrow
    node, target = matmul((1, 64), 64, x=INT4, bits=4), Target.named("ecp5-85k")
    for folding in narrow:
        assert KERNEL.spec(node, folding).packing.factor_bits <= 18
        alone = DenseFolding.of(1, folding.pe, folding.simd, folding.weight_memory)
        assert 2 * KERNEL.area(node, folding, target).dsps == KERNEL.area(node, alone, target).dsps or folding.pe % 2
    assert packed("ecp5-85k", x=IntRange(-128, 127)) == []


def test_blocks_that_take_two_narrow_products_anyway_are_not_shared() -> None:
    assert packed("gowin-gw2a-18", x=INT4, bits=4) == []
    assert packed("xcup", x=INT4, bits=4) == []
