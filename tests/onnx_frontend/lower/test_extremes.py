# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.models import assert_equal_to_oracle, lowered
from tests.onnx_frontend.lower.test_layers import PAIR, net


@pytest.mark.parametrize("op", ["Max", "Min"])
@pytest.mark.parametrize("behind", ["h = Identity(p)", "h = Relu(p)"])
def test_extremes_of_two_tensors_on_different_grids(op: str, behind: str) -> None:
    assert_equal_to_oracle(net("1,3,4", "1,3,4", PAIR + f"p = {op}(d, e)\n {behind}"), 64)


def test_an_extreme_is_two_exact_sums() -> None:
    nodes = [n.op.name for n in lowered(net("1,3,4", "1,3,4", PAIR + "h = Max(d, e)")).nodes]
    assert nodes.count("Add") == 2


@pytest.mark.parametrize("op", ["ReduceMax", "ReduceMin"])
def test_extremes_over_axes(op: str) -> None:
    assert_equal_to_oracle(net("1,3,4", "1,3,1", f"h = {op}<axes=[2], keepdims=1>(d)"), 64)
