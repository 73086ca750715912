# SPDX-License-Identifier: Apache-2.0
"""Turns schedules and links into the beat-level model: which event waits for which."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

import numpy as np
from numba import njit

from hwgen.ir.schedule import Process, Schedule
from hwgen.plan.beats import Network

PREFETCH_DEPTH = 4
PREFETCH_LATENCY = 2
"""Of the small queue behind a block RAM queue (hwgen/hdl/queue.py)."""


@dataclass(frozen=True)
class Events:
    """Some events of one process of a network: those that move beats over one link, in order."""

    process: int
    index: np.ndarray

    def __len__(self) -> int:
        return len(self.index)


@dataclass(frozen=True)
class LinkTiming:
    """What the beat-level model needs to know of a link.

    latency: cycles from the event that gives a beat to its arrival at the queue. burst: beats that a give makes
    (more than one behind a serializer). gather: of these that make one beat of the queue. depth: beats the queue holds,
    None for no limit.
    """

    name: str
    latency: int
    burst: int = 1
    gather: int = 1
    depth: int | None = None
    block: bool = False


@dataclass(frozen=True)
class QueueEvents:
    """Where a queue's room is reserved (each event `burst` beats) and where its beats leave (one event each)."""

    reserved: Events
    freed: Events
    burst: int

    @classmethod
    def of(cls, link: LinkTiming, producer: Events, freed: Events) -> QueueEvents:
        """A give reserves whole beats, or the first of several gives reserves the beat that they fill together."""
        parts = max(1, link.gather // link.burst)
        return cls(Events(producer.process, producer.index[::parts]), freed, max(1, link.burst // link.gather))

    def needed_depth(self, reserved: np.ndarray, freed: np.ndarray) -> int:
        """The least depth with which a run with these cycles of the two events would have been the same."""
        return int(_most_held(reserved, freed, self.burst))


@njit(cache=True)
def _most_held(reserved, freed, burst):
    """Most beats that are reserved and not yet freed, in the cycle after, when a beat is reserved."""
    most, back = 0, 0
    for k in range(len(reserved)):
        while back < len(freed) and freed[back] < reserved[k]:
            back += 1
        most = max(most, (k + 1) * burst - back)
    return most


def add_schedule(network: Network, name: str, schedule: Schedule) -> list[int]:
    """Adds the processes of a unit with the waits between them; returns their numbers."""
    first = len(network.names)
    for k, process in enumerate(schedule.processes):
        network.add(name if len(schedule.processes) == 1 else f"{name}.{k}", process.frame_gaps)
    for k, process in enumerate(schedule.processes):
        for wait in process.waits:
            network.wait(first + k, None, first + wait.process, wait.events, wait.delay)
    return [first + k for k in range(len(schedule.processes))]


def gives(numbers: list[int], processes: tuple[Process, ...]) -> Events:
    """The events of a unit that give a beat; one process of a unit gives all of them."""
    for number, process in zip(numbers, processes, strict=True):
        if process.gives.any():
            return Events(number, process.events_of(process.gives))
    raise ValueError("a unit that gives no beat")


def takes(numbers: list[int], processes: tuple[Process, ...], operand: int) -> Events:
    """The events of a unit that take a beat of `operand`."""
    for number, process in zip(numbers, processes, strict=True):
        if operand < len(process.takes) and process.takes[operand].any():
            return Events(number, process.events_of(process.takes[operand]))
    raise ValueError(f"a unit that takes no beat of operand {operand}")


def add_link(network: Network, link: LinkTiming, producer: Events, consumer: Events) -> list[QueueEvents]:
    """Connects `producer` to `consumer` over a queue (and lane converters, where their beat counts differ)."""
    beats = np.arange(len(producer) * link.burst // link.gather)
    last = (beats + 1) * link.gather - 1
    arrival = Events(producer.process, producer.index[last // link.burst])
    delays = link.latency + 1 + last % link.burst
    if not link.block:
        freed = _add_consumer(network, link, arrival, delays, consumer)
        queue = QueueEvents.of(link, producer, freed)
        _limit(network, queue, link.depth)
        return [queue]
    prefetch = network.add(f"{link.name}.prefetch", np.ones(len(beats)))
    fetched = Events(prefetch, beats)
    _wait_each(network, fetched, arrival, delays)
    store = QueueEvents.of(link, producer, fetched)
    _limit(network, store, link.depth)
    freed = _add_consumer(network, link, fetched, np.full(len(beats), PREFETCH_LATENCY + 1), consumer)
    _limit(network, QueueEvents(fetched, freed, 1), PREFETCH_DEPTH)
    return [store]


def _limit(network: Network, queue: QueueEvents, depth: int | None) -> None:
    """A give needs the room of its whole burst, which comes back one cycle after the beats left."""
    if depth is None:
        return
    beats = len(queue.freed)
    last = (np.arange(len(queue.reserved)) + 1) * queue.burst - 1 - depth
    events = queue.freed.index[last % beats] + (last // beats) * network.events(queue.freed.process)
    network.wait(queue.reserved.process, queue.reserved.index, queue.freed.process, events, 1)


def _add_consumer(network: Network, link: LinkTiming, arrival: Events, delays: np.ndarray, consumer: Events) -> Events:
    """Lets `consumer` wait for the beats that arrive; returns the events at which beats leave the queue."""
    here, there = len(arrival), len(consumer)
    common = here * there // gcd(here, there)
    slices, joined = common // here, common // there
    if joined == 1:
        of_slice = np.arange(there) // slices
        _wait_each(network, consumer, Events(arrival.process, arrival.index[of_slice]), delays[of_slice])
        return Events(consumer.process, consumer.index[slices - 1 :: slices])
    collector = network.add(f"{link.name}.widen", np.ones(common))
    of_slice = np.arange(common) // slices
    collected = Events(collector, np.arange(common))
    _wait_each(network, collected, Events(arrival.process, arrival.index[of_slice]), delays[of_slice])
    last = np.arange(joined - 1, common, joined)
    _wait_each(network, consumer, Events(arrival.process, arrival.index[of_slice[last]]), delays[of_slice[last]])
    network.wait(consumer.process, consumer.index, collector, last - 1, 1)
    network.wait(collector, last, consumer.process, consumer.index, 0)
    return Events(collector, np.arange(slices - 1, common, slices))


def _wait_each(network: Network, waiting: Events, source: Events, delays: np.ndarray) -> None:
    """Each waiting event waits for its source event plus its own delay: one constraint per different delay."""
    if len(delays) and delays.min() == delays.max():
        network.wait(waiting.process, waiting.index, source.process, source.index, int(delays[0]))
        return
    for delay in np.unique(delays):
        of_delay = delays == delay
        network.wait(waiting.process, waiting.index[of_delay], source.process, source.index[of_delay], int(delay))
