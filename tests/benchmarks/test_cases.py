# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from benchmarks import mvu, spatial
from hwgen.kernels.catalog import kernel_of
from hwgen.kernels.matmul.folding_constant import ConstantFolding
from hwgen.targets import Target


@pytest.mark.parametrize("case", mvu.CASES, ids=lambda case: f"{case.name}, {case.target}")
def test_a_folded_case_is_one_that_a_plan_may_name(case: mvu.Case) -> None:
    node = mvu.node_of(case.weights, case.x)
    assert case.folding in kernel_of(node).foldings(node, Target.named(case.target))
    assert node.op.macs(*node.src) == 64 * kernel_of(node).cycles(node, case.folding).worst


@pytest.mark.parametrize("case", spatial.CASES[:4], ids=lambda case: f"{case.name}, {case.target}, {case.levels}")
def test_a_spatial_case_is_one_that_a_plan_may_name(case: spatial.Case) -> None:
    node = mvu.node_of(case.weights, case.x, case.shape)
    assert ConstantFolding.of(node, case.levels) in kernel_of(node).foldings(node, Target.named(case.target))


def test_random_weights_take_all_values_that_were_named() -> None:
    for case in mvu.CASES:
        weights = mvu.node_of(case.weights, case.x).src[1].op.values
        assert {int(weights.min()), int(weights.max())} == {min(case.weights), max(case.weights)}
        assert set(case.weights) <= set(weights.ravel().tolist())
