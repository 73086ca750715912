# SPDX-License-Identifier: Apache-2.0
"""Queue depths and exact timing of a plan, by the beat-level model.

Depths come from schedules at the pace of the slowest stage, without limits on queues. The earliest one says when results
can leave. In the *latest* one with these results everything else happens just in time for them; in the *prompt* one
inputs come as late as in the latest, and everything else happens as early as it then can. The room that each queue needs
in either is enough to keep that pace for ever, because a self-timed marked graph is never slower than any schedule that
its buffers allow. That also proves the absence of deadlock, at forks and joins too. Queues in front of a slow stage are
short in the latest schedule, those behind it in the prompt one. So both are joined: queue by queue the shorter of the two
depths is kept if the model, run with it, loses no cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from hwgen.plan.beats import Deadlock, Network
from hwgen.plan.plan import Buffer, Link, Port, Stage, Timing
from hwgen.plan.timing import Events, LinkTiming, QueueEvents, add_link, add_schedule, gives, takes

LEAST_DEPTH = 2
BLOCK_FROM_BITS = 2048
"""A queue of at least this many bits, and more than 64 beats, goes into block RAM."""
LEAST_SAVING = 128
"""Bits for which a shorter queue is tried."""
FIRST_BEAT = 1
"""Cycle after reset in which the first beat comes in: work that needs no input, such as padding, has a head start."""
WARM_UP = 6
MOST_FRAMES = 48


CyclesOf = Callable[[Events], np.ndarray]
"""Cycles of some events in a schedule, all frames in a row."""


@dataclass(frozen=True, eq=False)
class Draft:
    """Stages, ports and links whose queues are not sized yet."""

    stages: dict[str, Stage]
    ports: dict[str, Port]
    links: tuple[Link, ...]

    def root(self, name: str) -> str:
        """The issuing stage (or input port) at the head of the pipe chain that `name` belongs to."""
        while name in self.stages and self.stages[name].schedule.is_pipe:
            (link,) = (k for k in self.links if k.sink == name)
            name = link.source
        return name

    def path(self, link: Link) -> tuple[int, int]:
        """(cycles from the giving event of the root to the queue of `link`, beats there per such event)."""
        latency, burst, name = int(link.serialize > 1), link.serialize, link.source
        while name in self.stages:
            schedule = self.stages[name].schedule
            latency += schedule.latency
            if not schedule.is_pipe:
                break
            (before,) = (k for k in self.links if k.sink == name)
            latency += int(before.serialize > 1)
            burst *= before.serialize
            name = before.source
        return latency, burst


@dataclass(frozen=True, eq=False)
class Model:
    """A network with the events that move beats over the edge of the design and through its queues."""

    network: Network
    inputs: dict[str, Events]
    outputs: dict[str, Events]
    queues: dict[str, list[QueueEvents]]


def build_model(draft: Draft, *, limited: bool) -> Model:
    """The beat-level model of a draft, with or without limits on its queues."""
    network = Network()
    numbers: dict[str, list[int]] = {}
    inputs: dict[str, Events] = {}
    outputs: dict[str, Events] = {}
    for name, port in draft.ports.items():
        begin = FIRST_BEAT if port.direction == "in" else 0
        numbers[name] = [network.add(name, np.ones(port.beats), begin)]
        (inputs if port.direction == "in" else outputs)[name] = Events(numbers[name][0], np.arange(port.beats))
    for name, stage in draft.stages.items():
        numbers[name] = add_schedule(network, name, stage.schedule)
    queues = {}
    for link in draft.links:
        if link.queue is not None:
            queues[link.name] = _add_link(network, draft, link, numbers, inputs | outputs, limited)
    return Model(network, inputs, outputs, queues)


def _result_times(model: Model, pace: int) -> dict[str, np.ndarray]:
    """Per output port the cycles of one frame's beats, on one clock, when a frame enters each `pace` cycles."""
    paced = model.network.copy()
    metronome = paced.add("pace", np.array([pace]))
    for events in model.inputs.values():
        paced.wait(events.process, np.array([0]), metronome, np.array([0]), 0)
    times = paced.settle(WARM_UP)
    return {name: times.of(e.process, e.index)[-1] for name, e in model.outputs.items()}


def _latest_times(model: Model, results: dict[str, np.ndarray], pace: int) -> CyclesOf:
    """The latest schedule with these results, a frame each `pace` cycles: found with time running backwards."""
    back = model.network.reversed()
    end = max(int(times[-1]) for times in results.values())
    for name, events in model.outputs.items():
        times = end - results[name][::-1]
        metronome = back.add(f"{name}.results", np.diff(times, prepend=times[-1] - pace))
        each = np.arange(len(times))
        back.wait(events.process, each, metronome, each, int(times[0]))
    backwards = back.settle(WARM_UP)

    def forwards(events: Events) -> np.ndarray:
        size = backwards.known[events.process].shape[1]
        return -backwards.of(events.process, size - 1 - events.index)[::-1].ravel()

    return forwards


def _prompt_times(model: Model, latest: CyclesOf, pace: int) -> CyclesOf:
    """The earliest schedule with the input beats of the latest one."""
    paced = model.network.copy()
    arrivals = {name: latest(e)[-len(e) :] for name, e in model.inputs.items()}
    start = min(int(times[0]) for times in arrivals.values())
    for name, events in model.inputs.items():
        times = arrivals[name] - start
        metronome = paced.add(f"{name}.arrivals", np.diff(times, prepend=times[-1] - pace))
        each = np.arange(len(times))
        paced.wait(events.process, each, metronome, each, int(times[0]))
    found = paced.settle(WARM_UP)
    return lambda events: found.of(events.process, events.index).ravel()


def _add_link(
    network: Network, draft: Draft, link: Link, numbers: dict[str, list[int]], ports: dict[str, Events], limited: bool
) -> list[QueueEvents]:
    root = draft.root(link.source)
    latency, burst = draft.path(link)
    if root in ports:
        producer = ports[root]
    else:
        producer = gives(numbers[root], draft.stages[root].schedule.processes)
    if link.sink in ports:
        consumer = ports[link.sink]
    else:
        consumer = takes(numbers[link.sink], draft.stages[link.sink].schedule.processes, link.operand)
    assert link.queue is not None
    depth = link.queue.depth if limited else None
    timing = LinkTiming(link.name, latency, burst, link.gather, depth, link.queue.style == "block")
    return add_link(network, timing, producer, consumer)


def size_queues(draft: Draft) -> Draft:
    """Queues just deep enough to lose no cycle; deep ones move into block RAM."""
    draft = replace(draft, links=tuple(_gathered(draft, link) for link in draft.links))
    pace = build_model(draft, limited=False).network.interval(WARM_UP)
    while True:
        model = build_model(draft, limited=False)
        latest = _latest_times(model, _result_times(model, pace), pace)
        before = [k.queue.style for k in draft.links if k.queue]
        sized = _with_queues(draft, model, latest)
        if before == [k.queue.style for k in sized.links if k.queue]:
            prompt = _with_queues(draft, model, _prompt_times(model, latest, pace))
            return _joined(sized, prompt)
        draft = sized


def _with_queues(draft: Draft, model: Model, cycles: CyclesOf) -> Draft:
    """The draft with the room that each queue needs in a schedule."""
    buffers = {k.name: _buffer(k, model.queues[k.name], cycles) for k in draft.links if k.queue is not None}
    return replace(draft, links=tuple(replace(k, queue=buffers.get(k.name)) for k in draft.links))


def _joined(one: Draft, other: Draft) -> Draft:
    """The smaller of two drafts, with the shorter queues of the other wherever they cost no cycle."""
    best, spare = sorted((one, other), key=_bits)
    timing = predict_timing(best)
    saved = [a.queue_bits - b.queue_bits for a, b in zip(best.links, spare.links, strict=True)]
    for k in sorted((k for k, bits in enumerate(saved) if bits >= LEAST_SAVING), key=lambda k: -saved[k]):
        tried = replace(best, links=(*best.links[:k], spare.links[k], *best.links[k + 1 :]))
        if _is_as_fast(tried, timing):
            best = tried
    return best


def _bits(draft: Draft) -> int:
    return sum(link.queue_bits for link in draft.links)


def _is_as_fast(draft: Draft, timing: Timing) -> bool:
    try:
        found = predict_timing(draft)
    except Deadlock:
        return False
    return found.initiation_interval <= timing.initiation_interval and found.latency <= timing.latency


def _gathered(draft: Draft, link: Link) -> Link:
    """The link with its narrow beats joined in front of the queue where they make up whole beats of the sink.

    A lane converter behind the queue would hand out one wide beat every few cycles, however full the queue is.
    """
    lanes = link.lanes_queue
    if link.queue is None or link.lanes_sink % lanes or link.lanes_sink == lanes:
        return link
    gather, burst = link.lanes_sink // lanes, draft.path(link)[1]
    return link if gather % burst and burst % gather else replace(link, gather=gather)


def _buffer(link: Link, queues: list[QueueEvents], cycles: CyclesOf) -> Buffer:
    assert link.queue is not None
    needed = (q.needed_depth(cycles(q.reserved), cycles(q.freed)) for q in queues)
    depth = max(LEAST_DEPTH, *needed, *(q.burst for q in queues))
    bits = depth * link.lanes_queue * link.range.width
    block = link.queue.style == "block" or (depth > 64 and bits >= BLOCK_FROM_BITS)
    return Buffer(depth, "block" if block else "distributed")


def predict_timing(draft: Draft) -> Timing:
    """Initiation interval, latency and first output of a sized draft, inputs always valid, outputs always ready.

    Buffers of whole frames take the first ones in faster than the slowest process can go on: that is no pace yet.
    """
    model = build_model(draft, limited=True)
    slowest = max(int(gap.sum()) for gap in model.network.gaps)
    frames = WARM_UP
    while True:
        times = model.network.settle(frames)
        starts = [times.of(e.process, e.index[:1]).ravel() for e in model.inputs.values()]
        intervals = [np.diff(s) for s in starts]
        settled = _settled_from(intervals)
        keeps_up = max(int(interval[-1]) for interval in intervals) >= slowest
        if (settled < frames - 3 and keeps_up) or frames >= MOST_FRAMES:
            break
        frames = min(2 * frames, MOST_FRAMES)
    begin = min(int(s[0]) for s in starts)
    ends = [times.known[e.process][0] for e in model.outputs.values()]
    return Timing(
        initiation_interval=max(int(i[-1]) for i in intervals),
        latency=max(int(e[-1]) for e in ends) - begin,
        first_out=min(int(e[0]) for e in ends) - begin,
        frames=settled + 1,
    )


def _settled_from(intervals: list[np.ndarray]) -> int:
    """Index of the first interval from which on all are equal, at every input."""
    last = 0
    for interval in intervals:
        differs = np.flatnonzero(interval != interval[-1])
        last = max(last, int(differs[-1]) + 1 if len(differs) else 0)
    return last
