# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import numpy as np

from hwgen.numerics.adder_graph import NOTHING, Adder, AdderGraph, Tap, adder_bits
from hwgen.numerics.range import IntRange

# 3 x0 - 4 x1, its negative half, and nothing
GRAPH = AdderGraph(
    2,
    (Adder(0, 0, 2, -1, 1), Adder(2, 1, 2, 1, -1), Adder(1, NOTHING, 0, -1, 1)),
    (Tap(3, 0), Tap(4, 1), Tap(NOTHING, 0)),
)


def test_the_matrix_is_read_off_the_adders() -> None:
    assert GRAPH.matrix().tolist() == [[3, -4], [0, -2], [0, 0]]
    assert GRAPH.levels() == (0, 0, 1, 2, 1)


def test_ranges_are_those_of_all_inputs_even_where_operands_depend_on_each_other() -> None:
    x = (IntRange(0, 3), IntRange(-2, 1))
    inputs = np.array(list(itertools.product(range(4), range(-2, 2)))).T
    values = GRAPH.coefficients() @ inputs
    assert GRAPH.ranges(x) == tuple(IntRange.of_array(row) for row in values)


def test_bits_below_the_upper_operand_are_free_unless_the_lower_one_is_subtracted() -> None:
    assert adder_bits(Adder(0, 1, 3, 1, -1), IntRange(-100, 100)) == 5
    assert adder_bits(Adder(0, 1, 3, -1, 1), IntRange(-100, 100)) == 8
    assert adder_bits(Adder(0, 1, 6, 1, 1), IntRange(0, 7)) == 0
