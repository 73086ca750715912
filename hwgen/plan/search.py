# SPDX-License-Identifier: Apache-2.0
"""Chooses a folding for every node: the cheapest ones that keep to a given initiation interval."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.plan.choices import Choice, Market
from hwgen.plan.flow import Edge, Flow


@dataclass(frozen=True, eq=False)
class Selection:
    """One choice per node, by name; spacing: least cycles between the beats that a pipe chain passes on."""

    choices: dict[str, Choice]
    spacing: dict[str, int]
    why: dict[str, str]


def select(flow: Flow, market: Market, interval: int) -> Selection | None:
    """The cheapest choices with at most `interval` cycles each, node by node with one node of foresight.

    A node's price is its own, that of the links into it, and that of its cheapest continuation. None where some node
    has no folding that fast.
    """
    choices: dict[str, Choice] = {}
    spacing: dict[str, int] = {}
    why: dict[str, str] = {}
    for node in flow.nodes:
        ranked = _rank(flow, market, node, interval, choices, spacing)
        if not ranked:
            return None
        _, best, gap = ranked[0]
        choices[node.name], spacing[node.name] = best, gap
        why[node.name] = _explain(ranked)
    return Selection(choices, spacing, why)


def _rank(
    flow: Flow, market: Market, node: Node, interval: int, chosen: dict[str, Choice], spacing: dict[str, int]
) -> list[tuple[float, Choice, int]]:
    """(price, choice, spacing of its result), cheapest first."""
    edges = flow.into(node)
    given = tuple(edge.seen(chosen[edge.source.name].order) for edge in edges)
    offered: dict[tuple[int, Order], tuple[Order, ...]] = {}
    ranked = []
    for choice in market.choose_all(node, given, interval):
        joins = [
            market.join(e, seen, chosen[e.source.name].folding.lanes_out, choice, spacing[e.source.name], interval)
            for e, seen in zip(edges, given, strict=True)
        ]
        if any(join is None for join in joins):
            continue
        gap = _spacing(choice, edges, chosen, spacing)
        ahead = []
        for k, edge in enumerate(flow.out_of(node)):
            if (k, choice.order) not in offered:
                offered[k, choice.order] = _given(flow, choice, edge, chosen)
            ahead.append(market.ahead(edge, offered[k, choice.order], choice.folding.lanes_out, gap, interval))
        if any(price is None for price in ahead):
            continue
        ranked.append((choice.price + sum(joins) + sum(ahead), choice, gap))  # type: ignore[arg-type]
    return sorted(ranked, key=lambda item: (item[0], str(item[1].folding)))


def _spacing(choice: Choice, edges: list[Edge], chosen: dict[str, Choice], spacing: dict[str, int]) -> int:
    """Cycles between the result beats: a pipe keeps its producer's, unless a serializer closes them up."""
    if not choice.is_pipe:
        return choice.spacing
    (edge,) = edges
    serialized = chosen[edge.source.name].folding.lanes_out != choice.folding.lanes_in[0]
    return 1 if serialized else spacing[edge.source.name]


def _given(flow: Flow, choice: Choice, edge: Edge, chosen: dict[str, Choice]) -> tuple[Order, ...]:
    """Orders that the sink of an edge is offered if this choice is made; channels-last from what is not chosen yet."""
    orders = []
    for other in [] if isinstance(edge.sink, str) else flow.into(edge.sink):
        source = choice if other.source is choice.node else chosen.get(other.source.name)
        orders.append(other.seen(source.order if source else Order.channels_last(other.source.type.shape)))
    return tuple(orders)


def _explain(ranked: list[tuple[float, Choice, int]]) -> str:
    """The choice and the next two, with their prices in parts per thousand of the device."""

    def words(item: tuple[float, Choice, int]) -> str:
        price, choice, _ = item
        return f"{choice.folding.form} {_fields(choice)} at {1000 * price:.2f}"

    best, *rest = ranked[:3]
    rejected = "; ".join(words(item) for item in rest)
    return f"{words(best)} per mille of the device" + (f", before {rejected}" if rest else ", the only one")


def _fields(choice: Choice) -> str:
    lanes = "+".join(map(str, choice.folding.lanes_in))
    return f"{lanes or '-'}:{choice.folding.lanes_out} lanes, {choice.cycles} cycles"
