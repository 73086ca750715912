# SPDX-License-Identifier: Apache-2.0
"""Selections that fit into the target: what runs out becomes dearer until the others take its place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hwgen.ir.graph import Graph, Node
from hwgen.plan.choices import Market
from hwgen.plan.flow import Edge, Flow
from hwgen.plan.plan import Goal
from hwgen.plan.prices import Prices
from hwgen.plan.search import Selection, select
from hwgen.plan.supply import Supply
from hwgen.targets import Resources

RESOURCES = ("luts", "ffs", "dsps", "brams")
ROUNDS = 12
FIRST_STEP, LEAST_STEP = 1.0, 0.25
"""By how many octaves the price of what runs out rises: less each time another resource runs out instead."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A selection and the flow it is for; area: with the smallest queues. excess: how many times over it takes what
    it has least of; fits: whether that is at most once."""

    flow: Flow
    selection: Selection
    area: Resources
    excess: float
    fits: bool


@dataclass
class Fitting:
    """Selections for a graph, a target and a goal."""

    graph: Graph
    supply: Supply
    goal: Goal
    _markets: dict[tuple[float, ...], Market] = field(default_factory=dict)

    def within(self, interval: int, reserve: Resources) -> Fit | None:
        """The first selection that leaves `reserve` free, each node within `interval` cycles, at prices that start out
        even; else the closest. None where some node is not that fast."""
        octaves: tuple[float, ...] = (0.0,) * 4
        step, short = FIRST_STEP, frozenset[int]()
        tried: set[tuple[float, ...]] = set()
        closest = None
        while octaves not in tried and len(tried) < ROUNDS:
            tried.add(octaves)
            fit = self._fit(interval, reserve, octaves)
            if fit is None:
                break
            closest = fit if closest is None or fit.excess < closest.excess else closest
            if fit.fits:
                break
            before, short = short, self._short_of(fit.area + reserve)
            if before and not before & short:
                step = max(LEAST_STEP, step / 2)
            octaves = tuple(times + step * (k in short) for k, times in enumerate(octaves))
        return closest

    def _fit(self, interval: int, reserve: Resources, octaves: tuple[float, ...]) -> Fit | None:
        if octaves not in self._markets:
            self._markets[octaves] = Market(self.supply, Prices.of(self.supply.target).raised(octaves))
        found = _select_within(self.graph, self._markets[octaves], interval)
        if found is None:
            return None
        if any(octaves):
            found = found[0], _with_prices(found[1], octaves)
        area = _area(*found, self.supply)
        shares = self.goal.shares(area + reserve, self.supply.target)
        excess = max(map(float, shares), default=0.0)
        return Fit(*found, area, excess, all(share <= 1 for share in shares))

    def _short_of(self, area: Resources) -> frozenset[int]:
        """Which resources `area` takes more of than there are, by position."""
        shares = self.goal.shares(area, self.supply.target)
        return frozenset(k for k, share in enumerate(shares) if share > 1)


def _with_prices(selection: Selection, octaves: tuple[float, ...]) -> Selection:
    """The selection with the prices it was made at among its reasons."""
    dearer = (f"{name} x{2**times:.2g}" for name, times in zip(RESOURCES, octaves, strict=True) if times)
    words = f" (prices: {', '.join(dearer)})"
    return replace(selection, why={name: why + words for name, why in selection.why.items()})


def _area(flow: Flow, selection: Selection, supply: Supply) -> Resources:
    """Stages, and links with their smallest queues."""
    total = Resources()
    for choice in selection.choices.values():
        total += choice.area
    for edge in flow.edges:
        lanes, width = selection.choices[edge.source.name].folding.lanes_out, edge.source.type.range.width
        if isinstance(edge.sink, str):
            total += supply.link(width, lanes, lanes, 0)
            continue
        sink = selection.choices[edge.sink.name]
        lanes_sink = sink.folding.lanes_in[edge.operand]
        if sink.is_pipe:
            total += supply.serializer(width, lanes, lanes_sink)
        else:
            total += supply.link(width, lanes, lanes_sink, 0)
    return total


def _select_within(graph: Graph, market: Market, interval: int) -> tuple[Flow, Selection] | None:
    """Choices within `interval` cycles, and the flow they are for: the graph's, with reorders where orders differ."""
    for _ in range(4):
        flow = Flow.of(graph)
        selection = select(flow, market, interval)
        if selection is None:
            return None
        mismatched = [
            edge
            for edge in flow.edges
            if not isinstance(edge.sink, str)
            and edge.seen(selection.choices[edge.source.name].order)
            != selection.choices[edge.sink.name].taken[edge.operand]
        ]
        if not mismatched:
            return flow, selection
        graph = _insert_reorders(graph, selection, mismatched)
    return None


def _insert_reorders(graph: Graph, selection: Selection, edges: list[Edge]) -> Graph:
    """Puts a Reorder in front of each operand that wants another order than its producer sends."""
    from hwgen.kernels.view.op import Reorder

    wanted = {
        (edge.sink.name, edge.operand): (
            selection.choices[edge.sink.name].taken[edge.operand],
            edge.seen(selection.choices[edge.source.name].order),
        )
        for edge in edges
        if isinstance(edge.sink, Node)
    }

    def rule(node: Node) -> Node | None:
        src, operand = [], 0
        for source in node.src:
            if not source.is_constant:
                if (node.name, operand) in wanted:
                    name = f"{node.name}_reorder_{operand}"
                    source = Node(Reorder(*wanted[node.name, operand]), (source,), name, node.origin)
                operand += 1
            src.append(source)
        same = all(a is b for a, b in zip(src, node.src, strict=True))
        return None if same else Node(node.op, tuple(src), node.name, node.origin, node.tensor)

    return graph.rewrite(rule)
