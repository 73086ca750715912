# SPDX-License-Identifier: Apache-2.0
"""From a graph, a target and a goal to a plan."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

from hwgen import costs
from hwgen.errors import PlanDoesNotFit
from hwgen.ir.graph import Graph
from hwgen.kernels.base import Cycles, Folding, arranged_spec
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.choices import Choice
from hwgen.plan.fifos import Draft, predict_timing, size_queues
from hwgen.plan.fitting import Fit, Fitting
from hwgen.plan.flow import Edge, Flow
from hwgen.plan.packing import Stages
from hwgen.plan.plan import Buffer, Goal, Link, Plan, Port, Stage, Unit
from hwgen.plan.search import Selection
from hwgen.plan.supply import Supply, gearbox_area
from hwgen.targets import Resources, Target

ATTEMPTS = 3
"""Plans made for one interval, each with the room that the queues of the one before took."""


def make_plan(graph: Graph, target: Target, goal: Goal, fixed: dict[str, Folding] | None = None) -> Plan:
    """The cheapest plan for ``goal.fps``, or the fastest that fits.

    fixed: foldings by node name that stand already, for example from an edited plan.json.
    Raises PlanDoesNotFit where even the smallest foldings are too large, or the largest too slow.
    """
    plan = None
    for fallbacks in (False, True):
        found = _best_plan(Fitting(graph, Supply(target, dict(fixed or {}), fallbacks), goal), target)
        if found is not None and found.fits:
            return found
        plan = found or plan
    asked = "the smallest foldings" if goal.fps is None else f"{float(goal.fps):g} frames a second"
    raise _does_not_fit(target, goal, plan, asked)


def _best_plan(fitting: Fitting, target: Target) -> Plan | None:
    """The plan for the goal, or the closest one."""
    if fitting.goal.fps is None:
        return _fastest_that_fits(fitting, Stages.of(Flow.of(fitting.graph), fitting.supply, fitting.goal))
    most = int(Fraction(target.clock_mhz).limit_denominator(1000) * 1_000_000 / fitting.goal.fps)
    return _plan_within(fitting, most)


def _fastest_that_fits(fitting: Fitting, stages: Stages) -> Plan | None:
    """From the shortest interval that may be possible in wider and wider steps to one that fits, then by bisection to
    the shortest; what is closest at the longest interval where none fits."""
    intervals = stages.candidates
    failed, step, best = stages.shortest_possible() - 1, 1, None
    index = failed
    while best is None and index < len(intervals) - 1:
        failed, index, step = index, min(index + step, len(intervals) - 1), 2 * step
        best = _fitting_within(fitting, intervals[index])
    if best is None:
        return _plan_within(fitting, intervals[-1])
    while index - failed > 1:
        middle = (failed + index) // 2
        plan = _fitting_within(fitting, intervals[middle])
        best, index, failed = (plan, middle, failed) if plan else (best, index, middle)
    return best


def _plan_within(fitting: Fitting, interval: int) -> Plan | None:
    """A plan that fits, each stage within `interval` cycles, else the closest; None where some node is not that fast."""
    plan = _fitting_within(fitting, interval)
    if plan is None:
        fit = fitting.within(interval, Resources())
        return None if fit is None else _assemble(fit, fitting)
    return plan


def _fitting_within(fitting: Fitting, interval: int) -> Plan | None:
    """A plan that fits, each stage within `interval` cycles. What its queues need is known only once it is made."""
    reserve = Resources()
    for _ in range(ATTEMPTS):
        fit = fitting.within(interval, reserve)
        if fit is None or not fit.fits:
            return None
        plan = _assemble(fit, fitting)
        if plan.fits:
            return plan
        reserve = plan.area - fit.area
    return None


def _assemble(fit: Fit, fitting: Fitting) -> Plan:
    """Stages, ports and links of a selection, queues sized and timing predicted."""
    flow, selection, target = fit.flow, fit.selection, fitting.supply.target
    stages, ports, units = {}, {}, []
    for node in flow.nodes:
        choice = selection.choices[node.name]
        if node.is_input:
            ports[node.name] = Port(node.name, node.name, "in", node, choice.order, choice.folding.lanes_out)
            continue
        spec = arranged_spec(kernel_of(node), node, choice.folding, choice.taken)
        units.append(Unit(node.name, node.op.name, spec))
        stages[node.name] = _stage(choice, selection.why[node.name])
    links = [_link(flow, edge, selection) for edge in flow.edges]
    for edge in flow.edges:
        if isinstance(edge.sink, str):
            link = links[flow.edges.index(edge)]
            seen = edge.views[-1] if edge.views else edge.source
            ports[link.sink] = Port(link.sink, edge.sink, "out", seen, link.order, link.lanes_sink)
    draft = size_queues(Draft(stages, ports, tuple(links)))
    sized = tuple(_priced(link, target) for link in draft.links)
    timing = predict_timing(draft)
    return Plan(
        flow.graph,
        target,
        fitting.goal,
        tuple(units),
        tuple(stages.values()),
        tuple(ports.values()),
        sized,
        timing,
    )


def _stage(choice: Choice, why: str) -> Stage:
    node, folding = choice.node, choice.folding
    schedule = kernel_of(node).schedule(node, folding)
    cycles = Cycles.exactly(choice.cycles)
    return Stage(node, folding, node.name, choice.taken, choice.order, schedule, cycles, choice.area, why)


def _link(flow: Flow, edge: Edge, selection: Selection) -> Link:
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
    if sink.is_pipe:
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


def _does_not_fit(target: Target, goal: Goal, plan: Plan | None, asked: str) -> PlanDoesNotFit:
    found = "no folding is that fast" if plan is None else f"at the closest {_used(plan.area, target)}"
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
