# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import InternalError
from hwgen.ir.graph import Graph
from hwgen.ir.text import graph_text
from hwgen.passes.optimize import PASSES, optimize
from tests.models import lowered
from tests.onnx_frontend.lower.test_layers import CONV, CONV_WEIGHTS, net
from tests.passes.graphs import assert_equal_results, ops

SYMMETRIC = net(
    "1,2,4,4",
    "1,2,3,3",
    CONV
    + "c_q = QuantizeLinear(c, sy, zy)\n e = DequantizeLinear(c_q, sy, zy)\n r = Relu(e)\n i = Identity(r)\n h = Relu(i)",
    CONV_WEIGHTS,
)


def test_a_relu_between_equal_grids_ends_in_the_requantize():
    before = lowered(SYMMETRIC)
    after = optimize(before)
    assert ops(before) == ["Window", "MatMul", "Requantize", "Table"]
    assert ops(after) == ["Window", "MatMul", "Requantize"]
    assert after.outputs["y_q"].origin[0] == "c"
    assert_equal_results(before, after)


def test_what_is_optimal_stays_the_same():
    once = optimize(lowered(SYMMETRIC))
    assert graph_text(optimize(once)) == graph_text(once)


def test_a_broken_pass_is_named(monkeypatch):
    def drop_outputs(graph: Graph) -> Graph:
        return Graph(graph.inputs, {}, {})

    monkeypatch.setattr("hwgen.passes.optimize.PASSES", (*PASSES, drop_outputs))
    with pytest.raises(InternalError, match="after drop_outputs"):
        optimize(lowered(SYMMETRIC))
