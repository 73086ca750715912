# SPDX-License-Identifier: Apache-2.0
"""A Table behind a Table is one Table; one that changes nothing is gone."""

from __future__ import annotations

from dataclasses import replace

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.elementwise.op import Table
from hwgen.passes.rewriting import origins, read_once


def fuse_tables(graph: Graph) -> Graph:
    """Composes neighbouring Tables, cuts each to the codes that can occur, and drops identities."""
    single = read_once(graph)

    def rule(node: Node) -> Node | None:
        if not isinstance(node.op, Table):
            return None
        (source,) = node.src
        table = node.op
        if isinstance(source.op, Table) and source.name in single:
            table = _composed(source.op, table)
            node = replace(node, src=source.src, origin=origins(source, node))
            (source,) = node.src
        table, values = _cut(table, source), source.type.range
        return source if table.values == tuple(range(values.lo, values.hi + 1)) else replace(node, op=table)

    return graph.rewrite(rule)


def _composed(inner: Table, outer: Table) -> Table:
    values = tuple(
        outer.values[v - outer.lo] if 0 <= v - outer.lo < len(outer.values) else outer.values[0] for v in inner.values
    )
    function = f"{outer.function} after {inner.function}"
    return Table(inner.lo, values, function)


def _cut(table: Table, source: Node) -> Table:
    """Without the entries that no code of the source reaches."""
    values = source.type.range
    return Table(values.lo, table.values[values.lo - table.lo : values.hi - table.lo + 1], table.function)
