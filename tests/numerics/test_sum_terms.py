# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.numerics.adder_graph import NOTHING
from hwgen.numerics.sum_terms import sum_terms


def terms(*rows: tuple[int, int, int]) -> np.ndarray:
    """(source, shift, sign) of inputs in [0, 15]."""
    return np.array([(*row, 0, 15, 0) for row in rows], dtype=np.int64).reshape(-1, 6)


def test_nothing_is_the_sum_of_no_terms_and_one_term_is_its_own() -> None:
    assert sum_terms(terms(), 4, 0)[1] == (NOTHING, 0)
    adders, tap = sum_terms(terms((2, 5, 1)), 4, 0)
    assert len(adders) == 0 and tap == (2, 5)


def test_equal_shifts_are_added_first() -> None:
    adders, tap = sum_terms(terms((0, 0, 1), (1, 4, 1), (2, 0, 1)), 3, 2)
    assert adders[0].tolist() == [0, 2, 0, 1, 1] and tap[0] == 4


def test_a_difference_comes_out_positive() -> None:
    adders, _ = sum_terms(terms((0, 0, -1), (1, 0, 1)), 2, 1)
    assert adders.tolist() == [[0, 1, 0, -1, 1]]


def test_where_all_terms_are_subtracted_one_is_negated_first() -> None:
    adders, _ = sum_terms(terms((0, 0, -1), (1, 0, -1)), 2, 2)
    assert adders[0].tolist() == [0, NOTHING, 0, -1, 1] and len(adders) == 2


def test_a_bound_on_the_depth_balances_the_tree() -> None:
    adders, _ = sum_terms(terms(*((k, k, 1) for k in range(8))), 8, 3)
    level = dict.fromkeys(range(8), 0)
    for k, (low, high, *_) in enumerate(adders.tolist(), 8):
        level[k] = 1 + max(level[low], level[high])
    assert max(level.values()) == 3
