# SPDX-License-Identifier: Apache-2.0
"""A Relu or Clip of codes joins the rounding in front of it."""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.add.op import Add
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange
from hwgen.passes.rewriting import origins, read_once


def fold_clips(graph: Graph) -> Graph:
    """A Table that only limits the codes of a Requantize or Add, its single source, becomes a narrower `out`."""
    single = read_once(graph)

    def rule(node: Node) -> Node | None:
        rounds = node.src[0].op if node.src else None
        if not isinstance(node.op, Table) or not isinstance(rounds, (Requantize, Add)):
            return None
        (source,) = node.src
        limits = _limits(node.op, source.type.range)
        if limits is None or source.name not in single:
            return None
        op = replace(rounds, out=IntRange(rounds.out.clamp(limits.lo), rounds.out.clamp(limits.hi)))
        return replace(source, op=op, origin=origins(source, node), tensor=node.tensor)

    return graph.rewrite(rule)


def _limits(table: Table, values: IntRange) -> IntRange | None:
    """[lo, hi] if the table is ``min(max(x, lo), hi)`` for every code of `values`."""
    images = table.values[values.lo - table.lo : values.hi - table.lo + 1]
    lo, hi = min(images), max(images)
    limited = tuple(min(max(x, lo), hi) for x in range(values.lo, values.hi + 1))
    return IntRange(lo, hi) if images == limited and lo <= values.hi and hi >= values.lo else None
