# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.kernels.matmul.folding_constant import ConstantFolding, area, block_diagonal, foldings, stages
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from tests.kernels.matmul.nodes import matmul, matmul_with

RANDOM = np.random.default_rng(0).integers(-8, 8, (16, 64))


# LUTs that Yosys 0.70 needs; on ECP5 LUT4 + 2 CCU2C.
@pytest.mark.parametrize(
    "target, levels, luts, ffs",
    [("xcup", 1, 4944, 7240), ("xcup", 2, 5054, 3786), ("ecp5-85k", 1, 5727, 7353), ("ecp5-85k", 2, 6644, 3792)],
)
def test_the_predicted_area_is_what_synthesis_needs(target: str, levels: int, luts: int, ffs: int) -> None:
    node = matmul_with(RANDOM, (1, 64), x=IntRange(-8, 7))
    found = area(node, ConstantFolding.of(node, levels), Target.named(target))
    assert found.luts == pytest.approx(luts, rel=0.02) and found.ffs == pytest.approx(ffs, rel=0.04)
    assert found.dsps == found.brams == 0


def test_a_matrix_that_no_target_could_hold_is_not_offered() -> None:
    assert foldings(matmul((1, 64), 64), Target.named("ecp5-85k"))
    assert foldings(matmul((1, 64), 64), Target.named("ice40-up5k")) == ()


def test_the_pipeline_is_as_long_as_the_longest_row_needs_and_one_adder() -> None:
    node = matmul_with([[1, 1, 1, 1], [0, 0, 1, 0]], (1, 4))
    assert [stages(node, ConstantFolding.of(node, levels)) for levels in (1, 2)] == [3, 2]


def test_groups_lie_on_the_diagonal() -> None:
    assert block_diagonal(np.array([[1, 2], [3, 4]]), 2).tolist() == [[1, 2, 0, 0], [0, 0, 3, 4]]
    assert block_diagonal(np.array([[1], [2], [3], [4]]), 2).tolist() == [[1, 0], [2, 0], [0, 3], [0, 4]]
