# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hwgen.reports.layout import BOX_HEIGHT, BOX_WIDTH, Layout, lay_out

RESIDUAL = [("x", "a"), ("a", "b"), ("b", "c"), ("a", "c"), ("x", "c")]


def _overlap(layout: Layout) -> list[tuple[str, str]]:
    pairs = itertools.combinations(layout.boxes.items(), 2)
    return [(a, b) for (a, p), (b, q) in pairs if abs(p[0] - q[0]) < BOX_WIDTH and abs(p[1] - q[1]) < BOX_HEIGHT]


def test_every_edge_goes_down_from_its_source_to_its_sink() -> None:
    layout = lay_out("xabc", RESIDUAL)
    for (a, b), points in layout.lines.items():
        (xa, ya), (xb, yb) = layout.boxes[a], layout.boxes[b]
        assert points[0] == (xa, ya + BOX_HEIGHT / 2) and points[-1] == (xb, yb - BOX_HEIGHT / 2)
        assert [y for _, y in points] == sorted(y for _, y in points)


def test_long_edges_pass_beside_the_boxes() -> None:
    layout = lay_out("xabc", RESIDUAL)
    inner = [point for points in layout.lines.values() for point in points[1:-1]]
    assert inner
    for x, y in inner:
        assert not any(abs(x - bx) < BOX_WIDTH / 2 and abs(y - by) < BOX_HEIGHT / 2 for bx, by in layout.boxes.values())


def test_a_source_stands_right_above_its_first_reader() -> None:
    layout = lay_out("xabcs", [*RESIDUAL, ("s", "c")])
    assert layout.boxes["s"][1] == layout.boxes["b"][1]


def test_parallel_branches_do_not_cross() -> None:
    edges = [("x", n) for n in "pqr"] + [(n, n + "2") for n in "rqp"] + [(n + "2", "y") for n in "qrp"]
    layout = lay_out(["x", "p", "q", "r", "r2", "p2", "q2", "y"], edges)
    columns = [[layout.boxes[n + k][0] for n in "pqr"] for k in ("", "2")]
    assert [sorted(range(3), key=c.__getitem__) for c in columns] in [
        [o, o] for o in map(list, itertools.permutations(range(3)))
    ]


def test_a_cycle_is_refused() -> None:
    with pytest.raises(ValueError, match="cycle through a"):
        lay_out("ab", [("a", "b"), ("b", "a")])


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=20))
def test_boxes_never_overlap_and_stay_on_the_page(pairs: list[tuple[int, int]]) -> None:
    edges = [(str(min(p)), str(max(p))) for p in pairs if p[0] != p[1]]
    layout = lay_out([str(k) for k in range(10)], edges)
    assert _overlap(layout) == []
    assert all(
        BOX_WIDTH / 2 < x < layout.width - BOX_WIDTH / 2 and 0 < y < layout.height for x, y in layout.boxes.values()
    )
