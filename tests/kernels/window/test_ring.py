# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hwgen.kernels.window.folding import _serial_schedule
from hwgen.kernels.window.geometry import OUTSIDE, Axis, Geometry
from hwgen.kernels.window.ring import Ring
from hwgen.kernels.window.ring_timing import frame_period
from hwgen.plan.beats import Network
from hwgen.plan.timing import add_schedule


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    size, taps = draw(st.integers(1, 9)), draw(st.integers(1, 4))
    stride, dilation = draw(st.integers(1, 4)), draw(st.integers(1, 2))
    begin, end = draw(st.integers(-2, 4)), draw(st.integers(-2, 4))
    assume(size + min(begin, 0) + min(end, 0) > 0)
    room = size + begin + end - dilation * (taps - 1) - 1
    assume(room >= 0)
    return Axis(size, taps, stride, dilation, begin, room // stride + 1)


@st.composite
def rings(draw: st.DrawFn) -> Ring:
    geometry = Geometry(4, draw(axes()), draw(axes()))
    assume(geometry.taps > 1)
    ring = Ring(geometry, draw(st.sampled_from([1, 2, 4])), draw(st.booleans()))
    assume(ring.newest[-1] != OUTSIDE)
    return ring


def frame_times(ring: Ring, depth: int) -> np.ndarray:
    """Cycles of the first read of some frames, by the beat-level model."""
    network = Network()
    numbers = add_schedule(network, "window", _serial_schedule(ring, depth))
    return network.run(6)[numbers[1]][:, -1]


@settings(max_examples=60, deadline=None)
@given(rings())
def test_no_beat_is_overwritten_while_a_tap_still_wants_it(ring: Ring) -> None:
    beat = ring.start + ring.walk("beats")
    wanted = np.where(ring.inside, beat, ring.frame_beats + beat[ring.inside].min())
    from_here_on = np.minimum.accumulate(wanted[::-1])[::-1][:: ring.position_events]
    assert np.all(ring.oldest <= from_here_on)
    assert ring.oldest[-1] <= ring.freeing.base + ring.frame_beats


@settings(max_examples=60, deadline=None)
@given(rings())
def test_the_slower_side_never_waits_for_a_buffer_of_full_depth(ring: Ring) -> None:
    assert frame_period(ring, ring.depth) == max(ring.frame_events, ring.frame_beats)


@settings(max_examples=40, deadline=None)
@given(rings(), st.integers(0, 5))
def test_predicted_cycles_are_those_of_the_beat_level_model(ring: Ring, more: int) -> None:
    times = frame_times(ring, ring.least_depth + more)
    assert ring.cycles(ring.least_depth + more) == times[-1] - times[-2]


@settings(max_examples=60, deadline=None)
@given(rings())
def test_distances_stay_in_their_counters(ring: Ring) -> None:
    depth = ring.least_depth
    network = Network()
    writer, reader = add_schedule(network, "window", _serial_schedule(ring, depth))
    times = network.run(3)
    reads, writes = times[reader].ravel(), times[writer].ravel()
    number = np.concatenate([ring.start + ring.walk("beats") + f * ring.frame_beats for f in range(3)])
    lead = np.searchsorted(writes + 2, reads, side="right") - number - 1
    room = depth + ring.over_frames(ring.oldest, range(3)) - 1
    room = room - np.searchsorted(writes, reads[:: ring.position_events])
    assert ring.lead_range(depth).lo <= lead.min() and lead.max() <= ring.lead_range(depth).hi
    assert room.max() <= ring.room_range(depth).hi
