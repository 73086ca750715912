# SPDX-License-Identifier: Apache-2.0
"""All passes in order. None changes an output bit; each makes the hardware smaller."""

from __future__ import annotations

from collections.abc import Callable

from hwgen.ir.graph import Graph
from hwgen.ir.text import graph_text
from hwgen.ir.verify import verify
from hwgen.passes.fold_clips import fold_clips
from hwgen.passes.fuse_tables import fuse_tables
from hwgen.passes.merge_pads import merge_pads
from hwgen.passes.merge_views import merge_views
from hwgen.passes.share_equal_nodes import share_equal_nodes

Pass = Callable[[Graph], Graph]

PASSES: tuple[Pass, ...] = (
    share_equal_nodes,
    merge_views,
    merge_pads,
    fuse_tables,
    fold_clips,
)
MOST_ROUNDS = 8


def optimize(graph: Graph) -> Graph:
    """The passes in order, again and again until none of them finds anything, the graph verified after each."""
    graph = verify(graph, "lowering")
    before = graph_text(graph)
    for _ in range(MOST_ROUNDS):
        for step in PASSES:
            graph = verify(step(graph), step.__name__)
        now = graph_text(graph)
        if now == before:
            break
        before = now
    return graph
