# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.ir.graph import Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange
from hwgen.passes.fold_clips import fold_clips
from tests.passes.graphs import assert_equal_results, chain, graph, ops, source, table

BYTE = IntRange(-128, 127)
ROUND = Requantize((Fraction(1, 7),), (Fraction(1, 3),), -3, "real", BYTE)
RELU = table(lambda x: max(x, -3))


@pytest.mark.parametrize("limit", [RELU, table(lambda x: min(max(x, -3), 40)), table(lambda x: min(x, 9))])
def test_a_clip_of_codes_becomes_the_range_of_the_rounding(limit):
    before = graph(chain(source(1, 9, lo=-2000, hi=2000), ROUND, limit))
    after = fold_clips(before)
    assert ops(after) == ["Requantize"]
    assert after.outputs["y0"].op.out == IntRange(min(limit.values), max(limit.values))
    assert (after.outputs["y0"].name, after.outputs["y0"].tensor, after.outputs["y0"].origin) == (
        "n1",
        "t2",
        ("N1", "N2"),
    )
    assert_equal_results(before, after)


def test_an_add_takes_a_clip_as_well():
    a, b = source(1, 9, name="a"), source(1, 9, name="b")
    total = Node(Add(Fraction(1, 2), Fraction(2, 3), Fraction(1, 5), -3, BYTE), (a, b), "total")
    before = graph(chain(total, RELU))
    after = fold_clips(before)
    assert ops(after) == ["Add"]
    assert_equal_results(before, after)


@pytest.mark.parametrize(
    "other", [table(lambda x: max(x, -3) + (x == 100)), table(lambda x: -x), table(lambda x: x // 2)]
)
def test_other_tables_stay(other):
    assert ops(fold_clips(graph(chain(source(1, 9, lo=-2000, hi=2000), ROUND, other)))) == ["Requantize", "Table"]


def test_a_constant_outside_of_the_codes_is_no_clip():
    before = graph(chain(source(1, 9, lo=-2000, hi=2000), ROUND, table(lambda x: 200)))
    assert ops(fold_clips(before)) == ["Requantize", "Table"]


def test_a_rounding_that_is_read_elsewhere_keeps_its_range():
    rounded = chain(source(1, 9, lo=-2000, hi=2000), ROUND)
    before = graph(rounded, Node(RELU, (rounded,), "relu"))
    assert ops(fold_clips(before)) == ["Requantize", "Table"]
