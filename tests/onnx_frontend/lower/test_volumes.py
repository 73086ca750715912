# SPDX-License-Identifier: Apache-2.0
"""Pools over three spatial axes: planes first, then across them."""

from __future__ import annotations

import pytest

from hwgen.passes.optimize import optimize
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.harness import check_design
from tests.models import Pair, assert_equal_to_oracle

TEXT = """
<ir_version: 8, opset_import: ["" : 19]>
pool (float[1,2,4,5,6] x) => (float[{shape}] y) <float s = {{0.05}}, uint8 z = {{100}}>
{{
  x_q = QuantizeLinear(x, s, z)
  x_d = DequantizeLinear(x_q, s, z)
  [pool] p = {op}<{attributes}>(x_d)
  y_q = QuantizeLinear(p, s, z)
  y = DequantizeLinear(y_q, s, z)
}}
"""
PLAIN = "kernel_shape = [2,3,2]"
PADDED = "kernel_shape = [2,3,3], strides = [1,2,2], pads = [1,0,1,0,1,1]"


@pytest.mark.parametrize(
    "op, attributes, shape",
    [
        ("MaxPool", PLAIN, "1,2,3,3,5"),
        ("MaxPool", PADDED, "1,2,4,2,3"),
        ("AveragePool", PLAIN, "1,2,3,3,5"),
        ("AveragePool", PADDED + ", count_include_pad = 1", "1,2,4,2,3"),
        ("AveragePool", PADDED, "1,2,4,2,3"),
    ],
)
def test_a_pool_over_a_volume_equals_onnxruntime(op: str, attributes: str, shape: str) -> None:
    assert_equal_to_oracle(TEXT.format(op=op, attributes=attributes, shape=shape), 16)


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_a_pool_over_a_volume_is_hardware(op: str) -> None:
    graph = optimize(Pair.of(TEXT.format(op=op, attributes=PADDED, shape="1,2,4,2,3")).graph)
    check_design(make_plan(graph, Target.named("generic"), Goal()), frames=2)
