# SPDX-License-Identifier: Apache-2.0
"""How deep a circular buffer must be so that nobody waits, and how long a frame takes where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numba import njit

from hwgen.errors import InternalError

if TYPE_CHECKING:
    from hwgen.kernels.window.ring import Ring

WRITTEN_DELAY = 2
"""Cycles from the event that takes a beat to the first event that can read it."""
FREED_DELAY = 2
"""Cycles from the last event of a position to the first event that can overwrite what it has freed."""


def depth_without_waits(ring: Ring, frames: range) -> int:
    """The least depth with which the slower of writer and reader never waits, neither in nor between `frames`.

    It comes from one schedule in which that side never waits, and the schedule of the hardware is never later.

    The faster side is as late (a fast writer) or as early (a fast reader) as it can be. Beat and position numbers run
    over `frames`; the beats of frame 0 are asked for. With frame 0 alone, the frames before and after it are far away.
    """
    positions, events = ring.geometry.positions, ring.position_events
    oldest, newest = (ring.over_frames(numbers, frames) for numbers in (ring.oldest, ring.newest))
    oldest = np.append(oldest, ring.freeing.base + frames.stop * ring.frame_beats)
    if np.any(np.diff(oldest) < 0):
        raise InternalError(f"the oldest wanted beat of {ring} moves back")
    newest = np.maximum.accumulate(newest)
    beat = np.arange(ring.frame_beats)
    start = np.arange(frames.start * positions, frames.stop * positions) * events
    if ring.frame_events >= ring.frame_beats:
        slack = np.append(np.minimum.accumulate((start - newest)[::-1])[::-1], ring.frame_events)
        written = beat - WRITTEN_DELAY + slack[np.searchsorted(newest, beat)]
    else:
        start = start + np.maximum.accumulate(newest + WRITTEN_DELAY - start)
        written = beat
    ended = start + events - 1
    position = np.searchsorted(ended, written - FREED_DELAY, side="right")
    return int((beat + 1 - oldest[position]).max())


@njit(cache=True)
def frame_period(read: np.ndarray, freed: np.ndarray) -> int:
    """Cycles between the last two of some frames of a writer and a reader that wait for each other."""
    frames, events, beats = 6, len(read), len(freed)
    reads, writes = np.zeros(frames * events, np.int64), np.zeros(frames * beats, np.int64)
    r, w, moved = 0, 0, True
    while moved:
        moved = False
        while w < len(writes):
            wait = freed[w % beats] + w // beats * events
            if wait >= r:
                break
            after = writes[w - 1] + 1 if w else 0
            writes[w] = max(after, reads[wait] + FREED_DELAY) if wait >= 0 else after
            w, moved = w + 1, True
        while r < len(reads):
            wait = read[r % events] + r // events * beats
            if wait >= w:
                break
            after = reads[r - 1] + 1 if r else 0
            reads[r] = max(after, writes[wait] + WRITTEN_DELAY) if wait >= 0 else after
            r, moved = r + 1, True
    return reads[-1] - reads[-1 - events]
