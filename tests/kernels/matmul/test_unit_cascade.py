# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.kernels.matmul.folding_cascade import CascadeFolding
from hwgen.kernels.matmul.kernel import MatMulKernel
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel
from tests.kernels.matmul.nodes import matmul, matmul_with

KERNEL, INT8 = MatMulKernel(), IntRange(-128, 127)
SHAPES = [(1, 1, 1, 1), (2, 6, 2, 6), (4, 6, 2, 3), (4, 2, 3, 2), (4, 3, 1, 3), (4, 6, 3, 1), (2, 1, 2, 1)]


@pytest.mark.parametrize("pe, simd, products, chain", SHAPES)
def test_a_cascade_equals_golden_on_time_for_every_shape_of_array(
    pe: int, simd: int, products: int, chain: int
) -> None:
    check_kernel(KERNEL, matmul(x=INT8), CascadeFolding.of(1, pe, simd, products, chain, "block"))


@pytest.mark.parametrize("x", [IntRange(0, 255), IntRange(-8, 7), IntRange(0, 1), IntRange(-1, 1)], ids=str)
@pytest.mark.parametrize("bits", [1, 2, 4, 5, 8])
@pytest.mark.parametrize("products", [1, 2, 3])
def test_it_is_exact_and_on_time_for_all_widths(products: int, bits: int, x: IntRange) -> None:
    check_kernel(KERNEL, matmul((1, 6, 2), 4, x=x, bits=bits), CascadeFolding.of(1, 4, 3, products, 3, "logic"))


@pytest.mark.parametrize("products", [2, 3])
@pytest.mark.parametrize("values", [(-128, -128), (-128, 127), (127, 127), (0, -1), (0, 0)])
def test_sums_at_the_ends_of_their_fields_do_not_disturb_each_other(values: tuple[int, int], products: int) -> None:
    weights = np.random.default_rng(0).choice(values, (6, 8))
    for x in (INT8, IntRange(-128, -128), IntRange(0, 255)):
        check_kernel(KERNEL, matmul_with(weights, (1, 8), x=x), CascadeFolding.of(1, 3, 8, products, 8, "block"))


def test_groups_with_several_outputs_share_blocks_among_themselves_only() -> None:
    node = matmul((1, 12, 3), 9, 3, x=INT8)
    check_kernel(KERNEL, node, CascadeFolding.of(1, 3, 2, 2, 2, "block"))
    check_kernel(KERNEL, node, CascadeFolding.of(3, 3, 4, 2, 2, "logic"))


def test_a_depthwise_cascade_works_on_several_channels_at_a_time() -> None:
    check_kernel(KERNEL, matmul((1, 36, 2), 4, 4), CascadeFolding.of(2, 1, 3, 1, 3, "block"))


def test_operands_of_the_widths_of_a_block() -> None:
    node = matmul((1, 6), 2, x=IntRange(-(1 << 17), (1 << 17) - 1), bits=25)
    check_kernel(KERNEL, node, CascadeFolding.of(1, 2, 3, 1, 3, "logic"))


@pytest.mark.parametrize("target", ["xc7", "xcup"])
def test_every_folding_that_is_offered_fits_the_block(target: str) -> None:
    family = Target.named(target).family
    for bits, x in ((8, INT8), (8, IntRange(0, 255)), (4, IntRange(-8, 7)), (16, IntRange(-32768, 32767)), (2, INT8)):
        node = matmul((1, 24), 6, x=x, bits=bits)
        offered = [f for f in KERNEL.foldings(node, Target.named(target)) if f.form == "cascade"]
        assert offered
        for folding in offered:
            spec = KERNEL.spec(node, folding)
            assert spec.packing.factor_bits <= family.dsp_modes[0].a_bits
            assert spec.packing.word_bits <= 48 and folding.simd % folding.chain == 0


def test_two_products_of_eight_bits_share_a_block_in_a_chain_of_eight() -> None:
    node = matmul((1, 64), 64, x=INT8)
    shared = [f for f in KERNEL.foldings(node, Target.named("xcup")) if f.form == "cascade" and f.products == 2]
    assert max(f.chain for f in shared) == 8
    assert KERNEL.area(node, CascadeFolding.of(1, 8, 8, 2, 8, "block"), Target.named("xcup")).dsps == 32


@pytest.mark.parametrize("target", ["ecp5-85k", "ice40-up5k", "gowin-gw2a-18", "generic"])
def test_there_is_none_where_blocks_hand_on_no_sums(target: str) -> None:
    assert not [f for f in KERNEL.foldings(matmul(), Target.named(target)) if f.form == "cascade"]
