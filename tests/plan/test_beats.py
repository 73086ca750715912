# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen.errors import InternalError
from hwgen.ir.graph import Graph
from hwgen.ir.schedule import NEVER
from hwgen.plan.beats import Deadlock, Network
from hwgen.plan.fifos import Draft, build_model
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.plan.networks import residual, two_convs, uneven_concat


def times_of(network: Network, frames: int) -> list[list[list[int]]]:
    return [times.tolist() for times in network.run(frames)]


def test_a_process_alone_fires_at_its_gaps_and_the_first_event_at_zero() -> None:
    network = Network()
    network.add("alone", np.array([5, 1, 2]))
    assert times_of(network, 2) == [[[0, 1, 3], [8, 9, 11]]]


def test_a_process_that_begins_later_holds_back_only_what_waits_for_it() -> None:
    network = Network()
    source = network.add("source", np.array([1, 1]), 5)
    free = network.add("free", np.array([1, 1]))
    network.wait(free, np.array([1]), source, np.array([0]), 2)
    assert times_of(network, 2) == [[[5, 6], [7, 8]], [[0, 7], [8, 9]]]


def test_a_consumer_fires_its_delay_after_each_beat_and_no_faster_than_its_gap() -> None:
    network = Network()
    source = network.add("source", np.array([1, 1, 1]))
    sink = network.add("sink", np.array([2, 2, 2]))
    network.wait(sink, None, source, np.arange(3), 4)
    assert times_of(network, 1)[sink] == [[4, 6, 8]]


def test_a_queue_of_two_holds_a_producer_back() -> None:
    network = Network()
    source = network.add("source", np.ones(4))
    sink = network.add("sink", np.full(4, 3))
    network.wait(sink, None, source, np.arange(4), 1)
    network.wait(source, None, sink, np.arange(4) - 2, 1)
    produced, consumed = times_of(network, 2)
    assert consumed == [[1, 4, 7, 10], [13, 16, 19, 22]]
    assert produced == [[0, 1, 2, 5], [8, 11, 14, 17]]


def test_events_before_the_first_frame_have_happened_and_never_waits_for_nothing() -> None:
    network = Network()
    a = network.add("a", np.ones(2))
    b = network.add("b", np.ones(2))
    network.wait(a, None, b, np.array([-2, -1]), 10)
    network.wait(b, None, a, np.array([NEVER, 1]), 0)
    assert times_of(network, 3) == [[[0, 1], [10, 11], [12, 21]], [[0, 1], [2, 11], [12, 21]]]


def test_an_event_of_the_next_frame_can_be_waited_for() -> None:
    network = Network()
    early = network.add("early", np.ones(2))
    late = network.add("late", np.ones(1))
    network.wait(late, None, early, np.array([2]), 1)
    with pytest.raises(Deadlock, match="late"):  # the frame after the last one is never run
        network.run(2)
    network.constraints[late].clear()
    network.wait(late, np.array([0]), early, np.array([1]), 1)
    assert times_of(network, 2)[late] == [[2], [4]]


def test_only_the_chosen_events_wait() -> None:
    network = Network()
    a = network.add("a", np.ones(1))
    b = network.add("b", np.ones(3))
    network.wait(b, np.array([1]), a, np.array([0]), 7)
    assert times_of(network, 1)[b] == [[0, 7, 8]]


def test_a_cycle_of_waits_is_a_deadlock_that_names_its_processes() -> None:
    network = Network()
    a, b, c = (network.add(name, np.ones(1)) for name in ("first", "second", "free"))
    network.wait(a, None, b, np.zeros(1), 0)
    network.wait(b, None, a, np.zeros(1), 0)
    with pytest.raises(Deadlock, match=r"^the plan deadlocks; waiting for ever: first, second$"):
        network.run(2)
    assert issubclass(Deadlock, InternalError) and network.events(c) == 1


@st.composite
def networks(draw: st.DrawFn) -> Network:
    network = Network()
    sizes = draw(st.lists(st.integers(1, 4), min_size=2, max_size=4))
    for k, size in enumerate(sizes):
        network.add(f"p{k}", np.array(draw(st.lists(st.integers(1, 3), min_size=size, max_size=size))))
    for _ in range(draw(st.integers(0, 5))):
        p, q = draw(st.integers(0, len(sizes) - 1)), draw(st.integers(0, len(sizes) - 1))
        highest = -1 if q >= p else sizes[q] - 1  # waits for later processes look into earlier frames: no deadlock
        events = draw(st.lists(st.integers(-2 * sizes[q], highest), min_size=sizes[p], max_size=sizes[p]))
        network.wait(p, None, q, np.array(events), draw(st.integers(0, 4)))
    return network


@settings(max_examples=60, deadline=None)
@given(networks())
def test_every_event_happens_at_the_earliest_time_its_constraints_allow(network: Network) -> None:
    check_earliest(network, 10)


@pytest.mark.parametrize("graph", (two_convs, residual, uneven_concat))
@pytest.mark.parametrize("limited", (False, True))
def test_the_times_of_a_plan_are_the_earliest_also_in_the_frames_that_are_not_run(
    graph: Callable[[], Graph], limited: bool
) -> None:
    plan = make_plan(graph(), Target.named("ecp5-25k"), Goal(Fraction(50_000)))
    draft = Draft(plan.stage_by_name, {p.name: p for p in plan.ports}, plan.links)
    network = build_model(draft, limited=limited).network
    check_earliest(network, 6)
    if limited:
        assert len(network.settle(6).known[0]) < 6


def check_earliest(network: Network, frames: int) -> None:
    """Each event is at the latest of its bounds: as early as all events before it allow."""
    times = [t.ravel() for t in network.run(frames)]
    for p, mine in enumerate(times):
        gaps = np.tile(network.gaps[p], frames)
        earliest = np.append(network.begins[p], mine[:-1] + gaps[1:])
        for source, events, delay in network.constraints[p]:
            per_frame = np.arange(frames)[:, np.newaxis] * network.events(source)
            index = (per_frame + events).ravel()
            known = index >= 0
            earliest[known] = np.maximum(earliest[known], times[source][index[known]] + delay)
        assert np.array_equal(mine, earliest)


def test_frames_repeat_only_where_no_constraint_looks_further_back() -> None:
    network = Network()
    source = network.add("source", np.array([10]))
    sink = network.add("sink", np.array([10]))
    network.wait(sink, None, source, np.array([-3]), 100)
    assert np.diff(network.run(6)[sink].ravel()).tolist() == [10, 10, 80, 10, 10]


def test_the_interval_is_that_of_the_processes_that_wait_for_each_other() -> None:
    network = Network()
    fast = network.add("fast", np.array([3]))
    slow = network.add("slow", np.array([2]))
    network.wait(slow, None, fast, np.array([0]), 4)
    assert network.interval(4) == 3
    network.wait(fast, None, slow, np.array([-1]), 5)
    assert network.interval(4) == 9


def test_copies_take_further_constraints_alone() -> None:
    network = Network()
    a = network.add("a", np.ones(2))
    copy = network.copy()
    copy.wait(a, None, copy.add("b", np.array([7])), np.array([0, 0]), 0)
    assert network.run(2)[a].tolist() == [[0, 1], [2, 3]] and copy.run(2)[a].tolist() == [[0, 1], [7, 8]]
