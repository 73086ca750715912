# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.kernels.window.op import Window
from hwgen.passes.merge_pads import merge_pads
from tests.passes.graphs import assert_equal_results, chain, graph, ops, source


def pad(*pads: tuple[int, int], fill: int = 5) -> Window:
    ones = (1,) * len(pads)
    return Window(ones, ones, ones, pads, fill)


def taps(*pads: tuple[int, int], fill: int = 5) -> Window:
    return Window((3, 2), (2, 1), (1, 1), pads, fill)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pad((1, 0), (2, 3)), taps((0, 0), (0, 0), fill=77)),
        (pad((1, 0), (2, 3)), taps((1, 1), (0, 2))),
    ],
)
def test_a_pad_joins_the_window_behind_it(first, second):
    before = graph(chain(source(1, 2, 5, 6), first, second))
    after = merge_pads(before)
    assert ops(after) == ["Window"]
    assert_equal_results(before, after)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pad((1, 1), (1, 1)), taps((1, 1), (0, 0), fill=6)),
        (pad((-1, 1), (1, 1)), taps((0, 0), (0, 0))),
        (pad((1, 1), (1, 1)), taps((-1, 0), (0, 0))),
        (taps((0, 0), (0, 0)), pad((1, 1), (1, 1))),
    ],
)
def test_other_windows_stay(first, second):
    assert ops(merge_pads(graph(chain(source(1, 2, 5, 6), first, second)))) == ["Window", "Window"]
