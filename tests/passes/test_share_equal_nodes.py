# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant
from hwgen.kernels.matmul.op import MatMul
from hwgen.kernels.multiply.op import Multiply
from hwgen.passes.share_equal_nodes import share_equal_nodes
from tests.passes.graphs import assert_equal_results, graph, ops, source, table


def layer(x: Node, name: str, weights: np.ndarray) -> Node:
    return Node(MatMul(1), (x, Node(Constant(weights), (), f"{name}_w")), name)


def test_equal_nodes_over_equal_constants_are_one():
    x, w = source(1, 3), np.arange(6).reshape(2, 3)
    before = graph(Node(Multiply(0, 0), (layer(x, "a", w), layer(x, "b", w.copy())), "c"))
    after = share_equal_nodes(before)
    assert ops(after) == ["MatMul", "Multiply"]
    assert after.outputs["y0"].src[0] is after.outputs["y0"].src[1]
    assert_equal_results(before, after)


def test_nodes_that_differ_in_a_constant_or_a_source_stay():
    x, w = source(1, 3), np.arange(6).reshape(2, 3)
    other = Node(table(lambda v: v + 1), (x,), "t")
    pairs = [(layer(x, "a", w), layer(x, "b", w + 1)), (layer(x, "a", w), layer(other, "b", w))]
    for a, b in pairs:
        assert ops(share_equal_nodes(graph(Node(Multiply(0, 0), (a, b), "c")))).count("MatMul") == 2


def test_inputs_are_never_shared():
    before = graph(Node(Multiply(0, 0), (source(1, 3, name="a"), source(1, 3, name="b")), "c"))
    assert len(share_equal_nodes(before).inputs) == 2
