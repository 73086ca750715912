# SPDX-License-Identifier: Apache-2.0
"""When a unit takes and gives beats: the part of a folding that decides every cycle of a design.

A unit is one or more *processes*. A process is a fixed cyclic sequence of events, one frame long. An event happens in
the first cycle in which everything it needs is there, and never before `gap` cycles after the event before it:

- each beat that it takes is offered by the input (and none of the beats it does not need is looked at),
- if it gives a beat, the queue behind the unit has room for it (the room is reserved in this cycle; the beat itself
  leaves the unit `latency` cycles later, because nothing stalls inside a unit),
- each event of another process of the same unit that it waits for has happened at least `delay` cycles ago.

That makes a network of units a timed marked graph: its timing is exact and can be computed from the plan alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Wait:
    """Event e of frame f waits for event ``events[e]`` of the same frame f of `process` plus `delay` cycles.

    events: shape (events of the waiting process,); a number below 0 or beyond the frame counts into the frames
    before or after; `NEVER` waits for nothing. Events before the very first frame have always happened.
    """

    process: int
    events: np.ndarray
    delay: int


NEVER = -(1 << 40)


@dataclass(frozen=True, eq=False)
class Process:
    """One frame of events of one process; all arrays have one entry an event.

    gap: cycles since the event before (at least 1; for the first event: since the last event of the frame before).
    takes: per operand of the stage, whether the event takes a beat (an empty tuple where the process takes none).
    gives: whether the event reserves and gives one output beat.
    turns: how often the arrays are gone through in a frame; a process with waits has all its events in them.
    """

    gap: np.ndarray
    takes: tuple[np.ndarray, ...]
    gives: np.ndarray
    waits: tuple[Wait, ...] = ()
    turns: int = 1

    @classmethod
    def of_steps(cls, takes: tuple[np.ndarray, ...], gives: np.ndarray) -> Process:
        """From one entry per cycle of an undisturbed frame; cycles without a take or a give become gaps."""
        active = np.asarray(gives, bool).copy()
        for take in takes:
            active |= np.asarray(take, bool)
        steps = np.flatnonzero(active)
        gap = np.diff(steps, prepend=steps[-1] - len(active)).astype(np.int64)
        return cls(gap, tuple(np.asarray(t, bool)[steps] for t in takes), np.asarray(gives, bool)[steps])

    @property
    def cycles(self) -> int:
        """Cycles of one frame when nothing ever blocks."""
        return int(self.gap.sum()) * self.turns

    @property
    def frame_gaps(self) -> np.ndarray:
        """`gap` of every event of a frame."""
        return np.tile(self.gap, self.turns)

    def events_of(self, moves: np.ndarray) -> np.ndarray:
        """Numbers of the events of a frame at which `moves` (`gives` or one of `takes`) is true."""
        turn = np.arange(self.turns)[:, np.newaxis]
        return (np.flatnonzero(moves) + len(self.gap) * turn).ravel()

    def cycles_taking(self, operand: int, spacing: int) -> int:
        """Cycles of a frame when the beats of `operand` come at least `spacing` cycles apart; 0 if it takes none."""
        if operand >= len(self.takes) or not self.takes[operand].any():
            return 0
        at = np.cumsum(self.gap)[self.takes[operand]]
        return int(np.maximum(np.diff(at, append=at[0] + self.gap.sum()), spacing).sum()) * self.turns

    @property
    def spacing(self) -> int | None:
        """Least cycles between two beats that it gives; None for a process that gives none."""
        at = np.cumsum(self.gap)[self.gives]
        return int(np.diff(at, append=at[0] + self.gap.sum()).min()) if len(at) else None


@dataclass(frozen=True, eq=False)
class Schedule:
    """Everything that decides when a stage moves beats.

    latency: cycles from the event that gives a beat to the beat at the unit's output.
    processes: empty for a *pipe*: a unit that turns each beat that it is given into one beat, `latency` cycles later,
    and never blocks. A pipe has no handshake and hangs directly on its producer.
    """

    latency: int
    processes: tuple[Process, ...] = ()

    @property
    def is_pipe(self) -> bool:
        return not self.processes

    @property
    def spacing(self) -> int:
        """Least cycles between two result beats; 1 for a pipe, which adds nothing to its producer's."""
        return next((s for s in (process.spacing for process in self.processes) if s is not None), 1)
