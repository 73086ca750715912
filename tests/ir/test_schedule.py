# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hwgen.ir.schedule import NEVER, Process, Schedule


def test_cycles_without_a_take_or_a_give_become_gaps() -> None:
    process = Process.of_steps((np.array([0, 1, 0, 0, 0], bool),), np.array([0, 0, 0, 1, 0], bool))
    # the frame has a take in cycle 1 and a give in cycle 3; from that give to the next frame's take: 3 cycles
    assert process.gap.tolist() == [3, 2]
    assert process.takes[0].tolist() == [True, False]
    assert process.gives.tolist() == [False, True]
    assert process.cycles == 5


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_a_frame_takes_as_many_cycles_as_it_has_steps(steps: list[tuple[bool, bool, bool]]) -> None:
    steps = [*steps, (True, False, False)]
    a, b, gives = (np.array(column) for column in zip(*steps, strict=True))
    process = Process.of_steps((a, b), gives)
    assert process.cycles == len(steps)
    assert process.gap.min() >= 1
    moments = np.cumsum(process.gap) - process.gap[0] + np.flatnonzero(a | b | gives)[0]
    assert np.array_equal(moments[process.takes[0]], np.flatnonzero(a))
    assert np.array_equal(moments[process.takes[1]], np.flatnonzero(b))
    assert np.array_equal(moments[process.gives], np.flatnonzero(gives))


def test_a_schedule_without_processes_is_a_pipe() -> None:
    process = Process.of_steps((np.ones(2, bool),), np.ones(2, bool))
    assert Schedule(3).is_pipe and not Schedule(3, (process,)).is_pipe


def test_never_lies_before_every_frame_that_can_be_simulated() -> None:
    assert NEVER + (1 << 39) < 0


def test_turns_repeat_the_arrays_over_a_frame() -> None:
    process = replace(Process.of_steps((np.array([1, 0, 0]),), np.array([0, 0, 1])), turns=3)
    assert process.frame_gaps.tolist() == [1, 2, 1, 2, 1, 2] and process.cycles == 9
    assert process.events_of(process.gives).tolist() == [1, 3, 5]
    assert process.events_of(process.takes[0]).tolist() == [0, 2, 4]


def test_the_spacing_is_the_shortest_way_between_two_results_also_over_the_end_of_a_frame() -> None:
    gives = np.array([0, 1, 0, 0, 1, 0, 0, 0])
    assert Schedule(1, (Process.of_steps((), np.ones(8) * gives),)).spacing == 3
    assert Schedule(1, (Process.of_steps((gives,), np.zeros(8)), Process.of_steps((), 1 - gives))).spacing == 1
    assert Schedule(1).spacing == 1


def test_beats_that_come_slowly_stretch_the_bursts_in_which_they_are_taken() -> None:
    burst = Process.of_steps((np.array([1, 1, 1, 0, 0, 0], bool),), np.array([0, 0, 0, 0, 0, 1], bool))
    assert [burst.cycles_taking(0, spacing) for spacing in (1, 2, 3, 4, 5)] == [6, 8, 10, 12, 15]
    assert burst.cycles_taking(1, 2) == 0
