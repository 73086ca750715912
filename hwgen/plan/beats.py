# SPDX-License-Identifier: Apache-2.0
"""The beat-level model: exact event times of a network of processes, from constraints alone.

Every process fires its events in order (hwgen/ir/schedule.py). Event e may have to wait for events of other
processes: a beat has to be there, room in a queue has to come back, a row of a line buffer has to be written. All of
these are constraints "not before that event plus a delay", so the network is a timed marked graph: its self-timed
execution is the least solution of the constraints, and is what the hardware does cycle by cycle
(Baccelli, Cohen, Olsder, Quadrat: Synchronization and Linearity, 1992, chapter 2).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numba import njit

from hwgen.errors import InternalError

_FAR_BACK = -(1 << 30)


class Deadlock(InternalError):
    """No process can go on: the constraints contain a cycle without slack."""


@dataclass(frozen=True, eq=False)
class Times:
    """Cycle of each event in a number of frames, of which only those before the network repeats itself are kept.

    known: per process, shape (frames kept, events). periods: cycles from each later frame of a process to the next.
    """

    frames: int
    known: list[np.ndarray]
    periods: list[int]

    def of(self, process: int, events: np.ndarray | slice = slice(None)) -> np.ndarray:
        """Cycles of some events of a process, shape (frames, events)."""
        known = self.known[process][:, events]
        later = np.arange(1, self.frames - len(known) + 1)[:, np.newaxis]
        return np.concatenate((known, known[-1] + later * self.periods[process]))


@dataclass
class Network:
    """Processes and the constraints between them, one frame long; `run` unrolls frames."""

    names: list[str] = field(default_factory=list)
    gaps: list[np.ndarray] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    constraints: list[list[tuple[int, np.ndarray, int]]] = field(default_factory=list)

    def add(self, name: str, gap: np.ndarray, begin: int = 0) -> int:
        """A process with `gap` cycles before each of its events but the very first, which comes in cycle `begin` at
        the earliest; returns its number."""
        self.names.append(name)
        self.begins.append(begin)
        self.gaps.append(np.ascontiguousarray(gap, dtype=np.int64))
        self.constraints.append([])
        return len(self.names) - 1

    def events(self, process: int) -> int:
        return len(self.gaps[process])

    def wait(self, process: int, at: np.ndarray | None, source: int, events: np.ndarray, delay: int) -> None:
        """Events `at` of `process` (all where None) wait for `events` of `source`, plus `delay`.

        at: event numbers, shape (n,); events: shape (n,), numbers beyond a frame count into its neighbours.
        """
        every = np.full(self.events(process), _FAR_BACK, dtype=np.int32)
        every[slice(None) if at is None else at] = np.maximum(events, _FAR_BACK)
        self.constraints[process].append((source, every, delay))

    def copy(self) -> Network:
        """A network to which processes and constraints can be added without a change of this one."""
        constraints = [list(of_process) for of_process in self.constraints]
        return Network(list(self.names), list(self.gaps), list(self.begins), constraints)

    def reversed(self) -> Network:
        """The network with time running backwards: its earliest schedule is this network's latest one.

        Event e becomes event ``events - 1 - e``, and "a not before b plus a delay" becomes "b not before a plus the
        delay". Of several events that wait for the same one, the first (in forward time) decides.
        """
        back = Network()
        for name, gap in zip(self.names, self.gaps, strict=True):
            back.add(name, np.roll(gap[::-1], 1))
        for process, constraints in enumerate(self.constraints):
            for source, every, delay in constraints:
                latest = _latest(every, self.events(process), self.events(source))
                back.constraints[source].append((process, latest, delay))
        return back

    def run(self, frames: int) -> list[np.ndarray]:
        """Cycle of each event, per process, shape (frames, events); raises Deadlock."""
        times = self.settle(frames)
        return [times.of(process) for process in range(len(self.names))]

    def settle(self, frames: int) -> Times:
        """Cycles of the events of `frames` frames; raises Deadlock.

        Once as many frames as a constraint reaches back are each the same as the frame before them, only later by one
        period, all that follows is decided: every constraint asks the same of each further frame, a period later.
        """
        starts = np.cumsum([0] + [len(g) for g in self.gaps]).astype(np.int64)
        of_process = np.cumsum([0] + [len(c) for c in self.constraints]).astype(np.int64)
        flat = [c for per_process in self.constraints for c in per_process]
        times, done, periods, run = _run(
            np.concatenate(self.gaps),
            np.array(self.begins, dtype=np.int64),
            starts,
            of_process,
            np.array([c[0] for c in flat], dtype=np.int64),
            np.array([c[2] for c in flat], dtype=np.int64),
            np.cumsum([0] + [len(c[1]) for c in flat]).astype(np.int64),
            np.concatenate([c[1] for c in flat]) if flat else np.zeros(0, np.int32),
            frames,
        )
        sizes = np.diff(starts)
        if np.any(done < sizes * run):
            stuck = [n for n, d, s in zip(self.names, done, sizes, strict=True) if d < s * run]
            raise Deadlock(f"the plan deadlocks; waiting for ever: {', '.join(stuck[:8])}")
        per_process = (times[frames * a : frames * b] for a, b in zip(starts, starts[1:], strict=False))
        return Times(frames, [t.reshape(frames, -1)[:run] for t in per_process], periods.tolist())

    def interval(self, frames: int) -> int:
        """Cycles a frame of the slowest part, after `frames` frames.

        Processes that wait for each other keep one pace; those that only wait for others are as fast or slower.
        """
        slowest = 0
        for part in self._parts():
            if len(part) == 1 and all(source != part[0] for source, _, _ in self.constraints[part[0]]):
                slowest = max(slowest, int(self.gaps[part[0]].sum()))
                continue
            number = {process: k for k, process in enumerate(part)}
            inside = [
                [(number[q], every, delay) for q, every, delay in self.constraints[p] if q in number] for p in part
            ]
            names, gaps = [self.names[p] for p in part], [self.gaps[p] for p in part]
            times = Network(names, gaps, [self.begins[p] for p in part], inside).settle(frames)
            slowest = max(slowest, *(int(np.diff(times.of(k, np.array([-1]))[-2:, 0])[0]) for k in number.values()))
        return slowest

    def _parts(self) -> list[list[int]]:
        """The processes, in groups that wait for each other directly or through others."""
        reached = np.eye(len(self.names), dtype=bool)
        for process, constraints in enumerate(self.constraints):
            reached[process, [source for source, _, _ in constraints]] = True
        for _ in range(len(self.names).bit_length()):
            reached = reached @ reached
        mutual = reached & reached.T
        return [np.flatnonzero(row).tolist() for k, row in enumerate(mutual) if not row[:k].any()]


@njit(cache=True)
def _latest(every, size, source_size):
    """See `Network.reversed`: per event of the source, backwards, the last of the events that wait for it."""
    latest = np.full(source_size, _FAR_BACK, dtype=np.int32)
    for k in range(len(every)):
        if every[k] > _FAR_BACK:
            frame = every[k] // source_size
            event = source_size - 1 - (every[k] - frame * source_size)
            latest[event] = max(latest[event], frame * size + size - 1 - k)
    return latest


@njit(cache=True)
def _run(gaps, begins, starts, of_process, source, delay, data_start, data, frames):
    """(times, events done and period of each process, frames run): frame after frame until they repeat."""
    count = len(starts) - 1
    times = np.empty(starts[-1] * frames, dtype=np.int64)
    done = np.zeros(count, dtype=np.int64)
    periods = np.zeros(count, dtype=np.int64)
    reach = _reach(starts, source, data_start, data)
    alike, run = 0, 0
    while run < frames and alike < reach:
        run += 1
        _advance(gaps, begins, starts, of_process, source, delay, data_start, data, frames, run, times, done)
        for p in range(count):
            if done[p] < (starts[p + 1] - starts[p]) * run:
                return times, done, periods, run
        if run > 1:
            alike = alike + 1 if _repeats(starts, of_process, source, frames, run, times, periods) else 0
    return times, done, periods, run


@njit(cache=True)
def _reach(starts, source, data_start, data):
    """Frames that the furthest constraint looks back, at least one."""
    reach = 1
    for c in range(len(source)):
        size = starts[source[c] + 1] - starts[source[c]]
        for index in data[data_start[c] : data_start[c + 1]]:
            if index > _FAR_BACK and index < -reach * size:
                reach = (size - 1 - index) // size
    return reach


@njit(cache=True)
def _repeats(starts, of_process, source, frames, run, times, periods):
    """Whether each process did in its last frame what it did before, and all that are connected a period later."""
    for p in range(len(periods)):
        size = starts[p + 1] - starts[p]
        last = starts[p] * frames + (run - 1) * size
        periods[p] = times[last] - times[last - size]
        for k in range(last, last + size):
            if times[k] - times[k - size] != periods[p]:
                return False
    for p in range(len(periods)):
        for c in range(of_process[p], of_process[p + 1]):
            if periods[source[c]] != periods[p]:
                return False
    return True


@njit(cache=True)
def _advance(gaps, begins, starts, of_process, source, delay, data_start, data, frames, run, times, done):
    """Advances every process to the end of frame `run` as far as its constraints are known, round after round."""
    moved = True
    while moved:
        moved = False
        for p in range(len(done)):
            size = starts[p + 1] - starts[p]
            base = starts[p] * frames
            e = done[p]
            frame = e // size
            k = e - frame * size
            while e < size * run:
                time = times[base + e - 1] + gaps[starts[p] + k] if e else begins[p]
                known = True
                for c in range(of_process[p], of_process[p + 1]):
                    q = source[c]
                    index = frame * (starts[q + 1] - starts[q]) + data[data_start[c] + k]
                    if index < 0:
                        continue
                    if index >= done[q]:
                        known = False
                        break
                    after = times[starts[q] * frames + index] + delay[c]
                    if after > time:
                        time = after
                if not known:
                    break
                times[base + e] = time
                e += 1
                done[p] = e
                k += 1
                if k == size:
                    k = 0
                    frame += 1
                moved = True
