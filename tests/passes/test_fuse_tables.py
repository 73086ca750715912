# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.ir.graph import Node
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.view.op import Reshape
from hwgen.passes.fuse_tables import fuse_tables
from tests.passes.graphs import assert_equal_results, chain, graph, ops, source, table

HALF, SQUARE = table(lambda x: x // 2), table(lambda x: x * x)


def test_neighbouring_tables_become_one():
    before = graph(chain(source(1, 9), HALF, SQUARE))
    after = fuse_tables(before)
    assert ops(after) == ["Table"]
    assert (after.outputs["y0"].origin, after.outputs["y0"].tensor) == (("N1", "N2"), "t2")
    assert_equal_results(before, after)


def test_a_table_that_is_read_elsewhere_stays():
    first = chain(source(1, 9), HALF)
    before = graph(first, Node(SQUARE, (first,), "second"))
    after = fuse_tables(before)
    assert after.outputs["y1"].src[0] is after.outputs["y0"]
    assert_equal_results(before, after)


def test_a_table_that_changes_nothing_is_gone():
    before = graph(chain(source(1, 9, lo=-5, hi=9), table(lambda x: max(min(x, 100), -100)), Reshape((9,))))
    after = fuse_tables(before)
    assert ops(after) == ["Reshape"]
    assert_equal_results(before, after)


def test_a_table_keeps_only_the_codes_that_occur():
    before = graph(chain(source(1, 9, lo=-5, hi=9), SQUARE))
    (left,) = [n.op for n in fuse_tables(before) if isinstance(n.op, Table)]
    assert (left.lo, len(left.values)) == (-5, 15)
