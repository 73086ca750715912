# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.numerics.adder_graph import Adder, AdderGraph, Tap, adder_bits
from hwgen.numerics.find_adder_graph import find_adder_graph, least_depth, signed_digit_masks, without_repetitions
from hwgen.numerics.range import IntRange

BYTE = IntRange(-128, 127)


def random_matrix(rows: int, columns: int, bits: int, seed: int = 0) -> np.ndarray:
    half = 1 << (bits - 1)
    return np.random.default_rng(seed).integers(-half, half, (rows, columns))


def bits_of(graph: AdderGraph, x: IntRange) -> int:
    ranges = graph.ranges((x,) * graph.inputs)
    return sum(map(adder_bits, graph.adders, ranges[graph.inputs :]))


@pytest.mark.parametrize("slack", [0, 1, 5])
@pytest.mark.parametrize("rows, columns, bits", [(1, 1, 8), (3, 7, 2), (12, 5, 16), (20, 20, 6)])
def test_the_adders_make_up_the_matrix_within_the_depth(rows: int, columns: int, bits: int, slack: int) -> None:
    w = random_matrix(rows, columns, bits)
    graph = find_adder_graph(w, (BYTE,) * columns, slack)
    assert np.array_equal(graph.matrix(), w)
    assert max(graph.levels()) <= least_depth(w) + slack


@pytest.mark.parametrize("row", [[-1], [-3, -5, -7], [-1] * 9, [-21, -21, 0], [0, 0], [5, -5, 85]])
def test_rows_that_only_subtract_keep_to_the_depth(row: list[int]) -> None:
    w = np.array([row, row[::-1]])
    graph = find_adder_graph(w, (BYTE,) * len(row))
    assert np.array_equal(graph.matrix(), w) and max(graph.levels()) <= least_depth(w)


def test_what_many_outputs_need_is_computed_once() -> None:
    graph = find_adder_graph(np.array([[1, 1, 0], [1, 1, 4], [-3, -3, 1], [1, 1, 0]]), (BYTE,) * 3, 1)
    assert len(graph.adders) == 4  # a + b; + 4 c; 4 (a + b) - (a + b), negated into c's sum in two
    assert graph.outputs[0] == graph.outputs[3]


def test_sharing_saves_a_third_of_the_adders_of_a_dense_matrix() -> None:
    w = random_matrix(32, 32, 8)
    plus, minus = signed_digit_masks(w)
    alone = int(np.bitwise_count(plus | minus).sum()) - len(w)
    assert len(find_adder_graph(w, (BYTE,) * 32, 1).adders) < alone * 2 // 3


def test_inputs_of_fewer_values_take_fewer_bits() -> None:
    w = random_matrix(8, 8, 4)
    sizes = [bits_of(find_adder_graph(w, (x,) * 8, 1), x) for x in (IntRange(0, 1), IntRange(0, 15), BYTE)]
    assert sizes == sorted(sizes) and sizes[0] < sizes[1] < sizes[2]


def test_the_signed_digits_have_no_neighbours_and_add_up() -> None:
    w = np.arange(-600, 600).reshape(1, -1)
    plus, minus = signed_digit_masks(w)
    assert np.array_equal(plus - minus, w)
    both = plus | minus
    assert not (both & (both >> 1)).any() and not (plus & minus).any()


def test_equal_adders_and_adders_without_readers_disappear() -> None:
    one, twin, idle = Adder(0, 1, 1, 1, 1), Adder(0, 1, 1, 1, 1), Adder(0, 1, 3, 1, -1)
    graph = AdderGraph(2, (one, twin, idle), (Tap(2, 0), Tap(3, 2)))
    assert without_repetitions(graph) == AdderGraph(2, (one,), (Tap(2, 0), Tap(2, 2)))


def test_the_same_matrix_gives_the_same_adders() -> None:
    from hwgen.numerics.find_adder_graph import _find

    first = find_adder_graph(random_matrix(9, 9, 8), (BYTE,) * 9)
    _find.cache_clear()
    assert find_adder_graph(random_matrix(9, 9, 8), (BYTE,) * 9) == first
