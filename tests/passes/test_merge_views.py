# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.ir.graph import Node
from hwgen.kernels.view.op import Reshape, Transpose
from hwgen.passes.merge_views import merge_views
from tests.passes.graphs import assert_equal_results, chain, graph, ops, source, table

TURN = Transpose((0, 2, 3, 1))


@pytest.mark.parametrize(
    ("views", "left"),
    [
        ((Reshape((1, 4, 6)), Reshape((2, 3, 4))), ["Reshape"]),
        ((TURN, TURN), ["Transpose"]),
        ((TURN, TURN, TURN), []),
        ((TURN, Transpose((0, 1, 3, 2))), ["Transpose"]),
        ((Reshape((1, 24)), Reshape((1, 2, 3, 4))), []),
        ((Transpose((1, 0, 2, 3)),), ["Reshape"]),
        ((TURN, Reshape((6, 4)), Reshape((24,))), ["Transpose", "Reshape"]),
    ],
)
def test_views_of_views_are_one(views, left):
    before = graph(chain(source(1, 2, 3, 4), *views))
    after = merge_views(before)
    assert ops(after) == left
    assert_equal_results(before, after)


def test_the_merged_view_stands_for_both():
    after = merge_views(graph(chain(source(1, 2, 3, 4), TURN, TURN)))
    assert (after.outputs["y0"].origin, after.outputs["y0"].tensor) == (("N1", "N2"), "t2")


def test_other_views_stay():
    before = graph(chain(source(1, 2, 3, 4), TURN, table(lambda x: x // 2), TURN, Reshape((1, 24))))
    assert ops(merge_views(before)) == ["Transpose", "Table", "Transpose", "Reshape"]


def test_a_view_that_is_read_twice_serves_both():
    first = chain(source(1, 2, 3, 4), TURN)
    before = graph(first, Node(TURN, (first,), "again"))
    after = merge_views(before)
    assert_equal_results(before, after)


def test_a_tensor_whose_view_is_gone_names_the_node_in_front():
    start = Node(table(lambda x: x // 2), (source(1, 2, 3, 4),), "half")
    after = merge_views(graph(chain(start, Reshape((1, 24)), Reshape((1, 2, 3, 4)))))
    assert (after.outputs["y0"].name, after.outputs["y0"].tensor) == ("half", "t2")
