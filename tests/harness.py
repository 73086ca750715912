# SPDX-License-Identifier: Apache-2.0
"""Runs a whole planned design in Amaranth's simulator and returns what crossed its edge, and when."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from amaranth.sim import Simulator

from hwgen.encodings.twos_complement.code import decode, encode
from hwgen.ir.graph import Graph
from hwgen.plan.fifos import FIRST_BEAT, Draft, build_model
from hwgen.plan.plan import Plan, Port
from hwgen.rtl.build_top import build_top
from hwgen.rtl.top import axis_prefix


@dataclass
class EdgeTrace:
    """Per port: the cycle of each transfer, and its payload."""

    cycles: dict[str, list[int]] = field(default_factory=dict)
    payloads: dict[str, list[int]] = field(default_factory=dict)
    lasts: dict[str, list[int]] = field(default_factory=dict)


def golden(graph: Graph, values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The golden model of a whole graph, node by node."""
    results: dict[int, np.ndarray] = {}
    for node in graph:
        if node.is_input:
            results[id(node)] = values[node.name]
        else:
            results[id(node)] = node.op.golden(*(results[id(s)] for s in node.src))
    return {name: results[id(node)] for name, node in graph.outputs.items()}


def axis_beats(port: Port, values: np.ndarray) -> list[int]:
    """The AXI words that carry frames of codes."""
    stream = values.reshape(len(values), -1)[:, port.order.indices].reshape(-1, port.lanes)
    return encode(stream, port.lane_bits)


def codes_of(port: Port, words: list[int]) -> np.ndarray:
    """Frames of codes, shape (frames, *shape), from AXI words."""
    lanes = decode(words, port.lane_bits, port.lanes, port.range.signed).reshape(-1, port.node.type.size)
    frames = np.empty_like(lanes)
    frames[:, port.order.indices] = lanes
    return frames.reshape(-1, *port.node.type.shape)


def run_design(plan: Plan, values: dict[str, np.ndarray], *, stall: float = 0.0, seed: int = 0) -> EdgeTrace:
    """Feeds all frames of `values` back to back until every output frame has come out."""
    top, trace = build_top(plan), EdgeTrace()
    rng = np.random.default_rng(seed)
    simulator = Simulator(top)

    async def drive(context) -> None:  # type: ignore[no-untyped-def]
        ins = [p for p in plan.ports if p.direction == "in"]
        outs = [p for p in plan.ports if p.direction == "out"]
        frames = len(next(iter(values.values())))
        feeds = {p.name: axis_beats(p, values[p.name]) for p in ins}
        done = {p.name: 0 for p in ins}
        offered = {p.name: False for p in ins}
        for port in plan.ports:
            trace.cycles[port.name], trace.payloads[port.name], trace.lasts[port.name] = [], [], []
        context.set(top.aresetn, 0)
        for _ in range(3):
            context.set(top.aclk, 1)
            context.set(top.aclk, 0)
        context.set(top.aresetn, 1)
        limit = 5000 + 40 * frames * plan.timing.latency
        for cycle in range(limit):
            for p in ins:
                prefix, more = axis_prefix(plan, p), cycle >= FIRST_BEAT and done[p.name] < len(feeds[p.name])
                offered[p.name] = more and (offered[p.name] or rng.random() >= stall)
                context.set(getattr(top, f"{prefix}_tvalid"), offered[p.name])
                context.set(getattr(top, f"{prefix}_tdata"), feeds[p.name][done[p.name]] if more else 0)
                context.set(getattr(top, f"{prefix}_tlast"), more and done[p.name] % p.beats == p.beats - 1)
            for p in outs:
                context.set(getattr(top, f"{axis_prefix(plan, p)}_tready"), rng.random() >= stall)
            for p in plan.ports:
                prefix = axis_prefix(plan, p)
                if context.get(getattr(top, f"{prefix}_tvalid")) and context.get(getattr(top, f"{prefix}_tready")):
                    trace.cycles[p.name].append(cycle)
                    trace.payloads[p.name].append(context.get(getattr(top, f"{prefix}_tdata")))
                    trace.lasts[p.name].append(context.get(getattr(top, f"{prefix}_tlast")))
                    if p.direction == "in":
                        done[p.name] += 1
                        offered[p.name] = False
            if all(len(trace.cycles[p.name]) >= frames * p.beats for p in outs):
                assert not context.get(top.frame_error), "frame_error rose although every tlast was in its place"
                return
            context.set(top.aclk, 1)
            context.set(top.aclk, 0)
        counts = {name: len(times) for name, times in trace.cycles.items()}
        raise AssertionError(f"stuck after {limit} cycles; transfers {counts}")

    simulator.add_testbench(drive)
    simulator.run()
    return trace


def check_design(plan: Plan, *, frames: int | None = None, seed: int = 0) -> None:
    """Asserts RTL = golden with and without stalls, and predicted = measured cycles without."""
    rng = np.random.default_rng(seed)
    frames = frames or plan.timing.frames + 2
    values = {
        n.name: rng.integers(n.type.range.lo, n.type.range.hi, (frames, *n.type.shape), endpoint=True)
        for n in plan.graph.inputs
    }
    expected = golden(plan.graph, values)
    for stall in (0.0, 0.3):
        trace = run_design(plan, values, stall=stall, seed=seed)
        for port in plan.ports:
            if port.direction == "out":
                want = expected[port.graph_name]
                assert np.array_equal(codes_of(port, trace.payloads[port.name]), want), f"{port.name}, stall {stall}"
        if stall == 0.0:
            _check_timing(plan, trace, frames)


def _check_timing(plan: Plan, trace: EdgeTrace, frames: int) -> None:
    """Every transfer at every port happens in the cycle that the beat-level model says."""
    draft = Draft(plan.stage_by_name, {p.name: p for p in plan.ports}, plan.links)
    model = build_model(draft, limited=True)
    times = model.network.run(frames)
    moves = {name: times[e.process][:, e.index].ravel() for name, e in (model.inputs | model.outputs).items()}
    begin = min(int(cycles[0]) for cycles in moves.values())
    start = min(cycles[0] for cycles in trace.cycles.values())
    for name, predicted in moves.items():
        # Inputs run ahead of the last output; what they took by then is compared.
        measured = np.array(trace.cycles[name]) - start
        assert np.array_equal(measured, predicted[: len(measured)] - begin), f"transfers at {name} are not as predicted"
