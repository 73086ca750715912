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
    if frames.start < 0 and position.min() == 0:
        # Frames so short that more of them pass while a beat is written, read and freed.
        return depth_without_waits(ring, range(2 * frames.start, frames.stop))
    return int((beat + 1 - oldest[position]).max())


def frame_period(ring: Ring, depth: int) -> int:
    """Cycles from frame to frame of a writer and a reader that wait for each other and for nobody else."""
    at, beat = ring.waits
    frees = ring.freed_by(depth) // ring.position_events
    return int(_period(at, beat, frees, ring.geometry.positions, ring.position_events))


@njit(cache=True)
def _period(at: np.ndarray, beat: np.ndarray, frees: np.ndarray, positions: int, events: int) -> int:
    """See `frame_period`.

    at, beat: reads of a frame that wait longer than those before them, and for which beats. frees: position whose end
    each beat waits for. positions: of a frame; events: reads of a position.
    """
    frames, beats = 5, len(frees)
    ends, writes = np.zeros(frames * positions, np.int64), np.zeros(frames * beats, np.int64)
    waits, w, ended, now, last = 0, 0, 0, 0, 0
    while ended < len(ends):
        while w < len(writes):
            position = frees[w % beats] + w // beats * positions
            if position >= ended:
                break
            after = writes[w - 1] + 1 if w else 0
            writes[w] = max(after, ends[position] + FREED_DELAY) if position >= 0 else after
            w += 1
        while ended < len(ends):
            frame, k = divmod(waits, len(at))
            read = at[k] + frame * positions * events
            while ended < len(ends) and (ended + 1) * events - 1 < read:
                ends[ended] = now + (ended + 1) * events - 1 - last
                ended += 1
            written = beat[k] + frame * beats
            if frame == frames or written >= w:
                break
            now, last = max(now + read - last, writes[written] + WRITTEN_DELAY), read
            waits += 1
    return ends[-1] - ends[-1 - positions]
