# SPDX-License-Identifier: Apache-2.0
"""The contract that every kernel keeps, as one function: hardware = golden and cycles = prediction.

Public, so that kernels which live outside of hwgen can hold themselves to it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib import wiring
from amaranth.sim import Simulator

from hwgen.encodings.twos_complement.code import encode
from hwgen.hdl.queue import Queue
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Folding, Kernel, arranged_spec
from hwgen.numerics.range import IntRange
from hwgen.plan.beats import Network
from hwgen.plan.timing import Events, LinkTiming, add_link, add_schedule, gives, takes

Trace = dict[str, list[int]]


def check_kernel(
    kernel: Kernel,
    node: Node,
    folding: Folding,
    *,
    frames: int = 3,
    seed: int = 0,
    given: tuple[Order, ...] | None = None,
    queue_depth: int = 4,
) -> None:
    """Raises AssertionError unless the unit of `folding` computes the golden model of `node`, on time.

    Checked: the golden result lies in the inferred range; frames of corners and random values back to back without
    stalls, every transfer in the predicted cycle; the same with random stalls on all sides; after a reset in mid-frame.
    """
    bench = _Bench(kernel, node, folding, frames, seed, given, queue_depth)
    bench.check_range()
    bench.run()


def unit_with_memories(kernel: Kernel, node: Node, folding: Folding, taken: tuple[Order, ...]) -> wiring.Component:
    """The unit of a folding, its memories filled."""
    spec = arranged_spec(kernel, node, folding, taken)
    unit = kernel.unit(spec)
    images = kernel.program(node, folding, spec, taken)
    memories = getattr(unit, "memories", {})
    assert set(images) == set(memories), f"program fills {sorted(images)}, the unit has {sorted(memories)}"
    for name, image in images.items():
        assert (image.depth, image.width) == (memories[name].depth, memories[name].width), name
        memories[name].load(encode(image.values, image.bits), "")
    return unit


def random_values(node: Node, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Frames of an operand: all smallest, all largest, then random codes; shape (frames, *shape)."""
    values = rng.integers(node.type.range.lo, node.type.range.hi, (frames, *node.type.shape), endpoint=True)
    for k, corner in enumerate((node.type.range.lo, node.type.range.hi)[: frames - 1]):
        values[k] = corner
    return values


def to_beats(values: np.ndarray, order: Order, lanes: int, values_range: IntRange) -> list[int]:
    """The beats of a stream that carries frames of `values` in `order`."""
    stream = values.reshape(len(values), -1)[:, order.indices].reshape(-1, lanes)
    return encode(stream, values_range.width)


@dataclass
class _Bench:
    kernel: Kernel
    node: Node
    folding: Folding
    frames: int
    seed: int
    given: tuple[Order, ...] | None
    queue_depth: int

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        operands = self.node.operands
        wished = self.given or tuple(Order.channels_last(o.type.shape) for o in operands)
        self.taken, self.order = self.kernel.orders(self.node, self.folding, wished)
        self.schedule: Schedule = self.kernel.schedule(self.node, self.folding)
        self.values = [random_values(o, self.frames, rng) for o in operands]
        streamed = iter(self.values)
        sources = [s.op.golden() if s.is_constant else next(streamed) for s in self.node.src]
        self.golden = self.node.op.golden(*sources)
        lanes_in, lanes_out = self.folding.lanes_in, self.folding.lanes_out
        self.beats_in = [
            to_beats(v, order, lanes, o.type.range)
            for v, order, lanes, o in zip(self.values, self.taken, lanes_in, operands, strict=True)
        ]
        self.beats_out = to_beats(self.golden, self.order, lanes_out, self.node.type.range)

    def check_range(self) -> None:
        found = IntRange.of_array(self.golden)
        assert found in self.node.type.range, f"golden values {found} leave the inferred range {self.node.type.range}"
        assert self.golden.shape[1:] == self.node.type.shape, "the golden shape is not the inferred one"
        if not self.schedule.is_pipe:
            busiest = max(p.cycles for p in self.schedule.processes)
            cycles = self.kernel.cycles(self.node, self.folding)
            assert busiest <= cycles.worst, f"schedule takes {busiest} cycles, cycles() promises {cycles}"

    def run(self) -> None:
        unit = unit_with_memories(self.kernel, self.node, self.folding, self.taken)
        top = _PipeTop(unit) if self.schedule.is_pipe else _UnitTop(unit, self.queue_depth)
        predicted = self.predict()
        simulator = Simulator(top)
        simulator.add_clock(1e-6, domain="sync")
        failures: list[str] = []

        async def testbench(context) -> None:
            smooth = await self._play(context, top, stall=0.0)
            failures.extend(_differences(smooth, self.beats_out, predicted))
            await _reset(context, top)
            await self._play(context, top, stall=0.4, most_beats=max(1, len(self.beats_out) // 2))
            await _reset(context, top)
            stalled = await self._play(context, top, stall=0.4)
            failures.extend(f"with stalls: {f}" for f in _differences(stalled, self.beats_out, {}))

        simulator.add_testbench(testbench)
        simulator.run()
        assert not failures, f"{self.node!r} {self.folding}: " + "; ".join(failures[:4])

    def predict(self) -> Trace:
        """Cycle of each transfer without stalls, the first at 0."""
        if self.schedule.is_pipe:
            return {"o": [t + self.schedule.latency for t in range(len(self.beats_out))]}
        network = Network()
        numbers = add_schedule(network, "unit", self.schedule)
        watched = {}
        for k, beats in enumerate(self.beats_in):
            each = np.arange(len(beats) // self.frames)
            source = Events(network.add(f"source_{k}", np.ones(len(each))), each)
            taken = takes(numbers, self.schedule.processes, k)
            network.wait(taken.process, taken.index, source.process, each, 0)
            network.wait(source.process, None, taken.process, each - 1, 1)
            watched[f"i{k}"] = taken
        each = np.arange(len(self.beats_out) // self.frames)
        sink = Events(network.add("sink", np.ones(len(each))), each)
        link = LinkTiming("o", self.schedule.latency, depth=self.queue_depth)
        add_link(network, link, gives(numbers, self.schedule.processes), sink)
        watched["o"] = sink
        times = network.run(self.frames)
        start = min(int(times[e.process][0, e.index[0]]) for e in watched.values())
        return {k: (times[e.process][:, e.index].ravel() - start).tolist() for k, e in watched.items()}

    async def _play(self, context, top, stall: float, most_beats: int | None = None) -> dict[str, list[int]]:
        """Feeds all beats and collects results; returns transfer cycles per stream and the payloads under 'data'."""
        rng = np.random.default_rng(self.seed + 1)
        queues = [iter(beats) for beats in self.beats_in]
        heads = [next(q, None) for q in queues]
        trace: dict[str, list[int]] = {name: [] for name in (*(f"i{k}" for k in range(len(heads))), "o", "data")}
        expected = most_beats or len(self.beats_out)
        deadline = 2000 + 20 * sum(p.cycles for p in self.schedule.processes) * self.frames + 20 * len(self.beats_out)
        offered = [False] * len(heads)
        for cycle in range(deadline):
            for k, port in enumerate(top.inputs):
                offered[k] = heads[k] is not None and (offered[k] or rng.random() >= stall)
                context.set(port.valid, offered[k])
                context.set(port.payload, heads[k] if offered[k] else 0)
            if top.output_ready is not None:
                context.set(top.output_ready, rng.random() >= stall)
            for k, port in enumerate(top.inputs):
                if offered[k] and (top.is_pipe or context.get(port.ready)):
                    trace[f"i{k}"].append(cycle)
                    heads[k], offered[k] = next(queues[k], None), False
            if context.get(top.output.valid) and (top.output_ready is None or context.get(top.output_ready)):
                trace["o"].append(cycle)
                trace["data"].append(context.get(top.output.payload))
            if len(trace["o"]) >= expected:
                return trace
            await context.tick()
        got = {name: len(times) for name, times in trace.items()}
        raise AssertionError(
            f"{self.node!r} {self.folding}: stuck after {deadline} cycles, transfers {got}, want {expected}"
        )


def _differences(trace: Trace, expected: list[int], predicted: Trace) -> list[str]:
    found = []
    wrong = [k for k, (a, b) in enumerate(zip(trace["data"], expected, strict=True)) if a != b]
    if wrong:
        k = wrong[0]
        found.append(
            f"{len(wrong)} of {len(expected)} beats differ, first beat {k}: {trace['data'][k]:#x}, want {expected[k]:#x}"
        )
    starts = [times[0] for name, times in trace.items() if name != "data" and times and name in predicted]
    for name, times in predicted.items():
        measured = [t - min(starts) for t in trace[name]] if name != "o" or len(predicted) > 1 else trace[name]
        if measured != times[: len(measured)]:
            k = next(k for k, (a, b) in enumerate(zip(measured, times, strict=False)) if a != b)
            found.append(f"transfer {k} on {name} in cycle {measured[k]}, predicted {times[k]}")
    return found


async def _reset(context, top) -> None:
    """Two cycles of reset with nothing offered."""
    for port in top.inputs:
        context.set(port.valid, 0)
    context.set(top.domain.rst, 1)
    await context.tick()
    await context.tick()
    context.set(top.domain.rst, 0)


class _UnitTop(Elaboratable):
    """A unit with a queue behind it."""

    is_pipe = False

    def __init__(self, unit: wiring.Component, depth: int):
        self.unit = unit
        self.queue = Queue(len(unit.o.payload), depth)
        self.domain = ClockDomain("sync")
        self.inputs = [getattr(unit, name) for name in unit.signature.members if name == "i" or name.startswith("i_")]
        self.output, self.output_ready = self.queue.o, self.queue.o.ready

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.domains.sync = self.domain
        m.submodules.unit, m.submodules.queue = self.unit, self.queue
        wiring.connect(m, self.unit.o, self.queue.i)
        m.d.comb += [self.unit.o_space.eq(self.queue.space), self.queue.reserve.eq(self.unit.o_reserve)]
        return m


class _PipeTop(Elaboratable):
    """A pipe on its own."""

    is_pipe = True

    def __init__(self, unit: wiring.Component):
        self.unit = unit
        self.domain = ClockDomain("sync")
        self.inputs, self.output, self.output_ready = [unit.i], unit.o, None

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.domains.sync = self.domain
        m.submodules.unit = self.unit
        return m
