# SPDX-License-Identifier: Apache-2.0
"""From a graph, a target and a goal to a plan."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from hwgen import costs
from hwgen.errors import PlanDoesNotFit
from hwgen.ir.graph import Graph, Node
from hwgen.kernels.base import Cycles, Folding, arranged_spec
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.choices import Market, gearbox_area
from hwgen.plan.fifos import Draft, predict_timing, size_queues
from hwgen.plan.flow import Edge, Flow
from hwgen.plan.plan import Buffer, Goal, Link, Plan, Port, Stage, Unit
from hwgen.plan.search import Selection, select
from hwgen.targets import Resources, Target


def make_plan(graph: Graph, target: Target, goal: Goal, fixed: dict[str, Folding] | None = None) -> Plan:
    """The cheapest plan for ``goal.fps``, or the fastest that fits.

    fixed: foldings by node name that stand already, for example from an edited plan.json.
    Raises PlanDoesNotFit where even the smallest foldings are too large, or the largest too slow.
    """
    market = Market(target, dict(fixed or {}))
    limits = _intervals(Flow.of(graph), market)
    if goal.fps is not None:
        most = int(Fraction(target.clock_mhz).limit_denominator(1000) * 1_000_000 / goal.fps)
        plan = _plan_within(graph, market, goal, most)
        if plan is None or not plan.fits:
            raise _does_not_fit(graph, target, goal, plan, f"{float(goal.fps):g} frames a second")
        return plan
    return _fastest_that_fits(graph, market, goal, limits)


def _intervals(flow: Flow, market: Market) -> list[int]:
    """Every interval at which some node changes its cheapest folding, shortest first."""
    cycles = {offer.cycles for node in flow.nodes for offer in market.offers(node)}
    slowest = max(min(offer.cycles for offer in market.offers(node)) for node in flow.nodes)
    return sorted(c for c in cycles if c >= slowest)


def _fastest_that_fits(graph: Graph, market: Market, goal: Goal, limits: list[int]) -> Plan:
    """Bisection for the shortest interval whose stages alone fit; from there on the first whose whole plan fits."""
    low, high = 0, len(limits)
    while low < high:
        middle = (low + high) // 2
        if _stages_fit(_select_within(graph, market, limits[middle]), market, goal):
            high = middle
        else:
            low = middle + 1
    plan = None
    for interval in limits[low:]:
        plan = _plan_within(graph, market, goal, interval)
        if plan is not None and plan.fits:
            return plan
    raise _does_not_fit(graph, market.target, goal, plan, "the smallest foldings")


def _stages_fit(found: tuple[Flow, Selection] | None, market: Market, goal: Goal) -> bool:
    """Whether there is a selection whose stages fit, queues and adapters left out."""
    if found is None:
        return False
    total = Resources()
    for choice in found[1].choices.values():
        total += choice.area
    return goal.holds(total, market.target)


def _plan_within(graph: Graph, market: Market, goal: Goal, interval: int) -> Plan | None:
    """A plan whose stages each need at most `interval` cycles."""
    found = _select_within(graph, market, interval)
    return None if found is None else _assemble(*found, market, goal)


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


def _assemble(flow: Flow, selection: Selection, market: Market, goal: Goal) -> Plan:
    """Stages, ports and links of a selection, queues sized and timing predicted."""
    stages, ports, units = {}, {}, []
    for node in flow.nodes:
        choice = selection.choices[node.name]
        if node.is_input:
            ports[node.name] = Port(node.name, node.name, "in", node, choice.order, choice.folding.lanes_out)
            continue
        kernel = kernel_of(node)
        spec = arranged_spec(kernel, node, choice.folding, choice.taken)
        units.append(Unit(node.name, node.op.name, spec))
        stages[node.name] = Stage(
            node,
            choice.folding,
            node.name,
            choice.taken,
            choice.order,
            market.schedule(node, choice.folding),
            Cycles.exactly(choice.cycles),
            choice.area,
            selection.why[node.name],
        )
    links = [_link(flow, edge, selection, market) for edge in flow.edges]
    for edge in flow.edges:
        if isinstance(edge.sink, str):
            link = links[flow.edges.index(edge)]
            seen = edge.views[-1] if edge.views else edge.source
            ports[link.sink] = Port(link.sink, edge.sink, "out", seen, link.order, link.lanes_sink)
    draft = size_queues(Draft(stages, ports, tuple(links)))
    sized = tuple(_priced(link, market.target) for link in draft.links)
    timing = predict_timing(draft)
    return Plan(
        flow.graph, market.target, goal, tuple(units), tuple(stages.values()), tuple(ports.values()), sized, timing
    )


def _link(flow: Flow, edge: Edge, selection: Selection, market: Market) -> Link:
    source = selection.choices[edge.source.name]
    order, values = edge.seen(source.order), edge.source.type.range
    lanes = source.folding.lanes_out
    if isinstance(edge.sink, str):
        # The last beat-wide queue: a pipe chain has its own lanes already.
        return Link(
            edge.source.name, _port_name(flow.graph, edge.sink), 0, order, values, lanes, lanes, queue=Buffer(2)
        )
    sink = selection.choices[edge.sink.name]
    lanes_sink = sink.folding.lanes_in[edge.operand]
    if market.schedule(edge.sink, sink.folding).is_pipe:
        return Link(
            edge.source.name, edge.sink.name, edge.operand, order, values, lanes, lanes_sink, lanes // lanes_sink
        )
    return Link(edge.source.name, edge.sink.name, edge.operand, order, values, lanes, lanes_sink, queue=Buffer(2))


def _port_name(graph: Graph, output: str) -> str:
    """An identifier for an output, stable and unlike all others."""
    plain = [re.sub(r"\W+", "_", name).strip("_").lower() for name in graph.outputs]
    index = list(graph.outputs).index(output)
    return f"out_{plain[index]}" if plain.count(plain[index]) == 1 else f"out_{plain[index]}_{index}"


def _priced(link: Link, target: Target) -> Link:
    """The link with the cells of its queue and adapters."""
    family, width = target.family, link.range.width
    area = Resources()
    if link.serialize > 1:
        area += costs.serializer(family, width * link.lanes_source // link.serialize, link.serialize)
    if link.gather > 1:
        area += costs.widen(family, width * link.lanes_queue // link.gather, link.gather)
    if link.queue is not None:
        area += costs.queue(family, link.queue.depth, width * link.lanes_queue, link.queue.style)
        area += gearbox_area(target, width, link.lanes_queue, link.lanes_sink)
    return replace(link, area=area)


def _does_not_fit(graph: Graph, target: Target, goal: Goal, plan: Plan | None, asked: str) -> PlanDoesNotFit:
    found = "no folding is that fast" if plan is None else _used(plan.area, target)
    return PlanDoesNotFit.of(
        f"target {target.name}",
        f"{asked} do not fit" if plan is not None else f"{asked} cannot be reached",
        found=found,
        expected=f"at most {float(goal.lut_fraction):.0%} of the LUTs, {float(goal.bram_fraction):.0%} of the RAM, "
        f"{float(goal.dsp_fraction):.0%} of the DSPs",
        fix="choose a larger --target or a lower --fps; `hwgen check` lists what fits where",
    )


def _used(area: Resources, target: Target) -> str:
    parts = area.used(target)
    amounts = {"luts": area.luts, "ffs": area.ffs, "dsps": area.dsps, "brams": area.brams}
    return ", ".join(f"{amounts[name]} {name} ({float(part):.0%})" for name, part in parts.items())
