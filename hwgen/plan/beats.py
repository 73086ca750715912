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
from hwgen.ir.schedule import NEVER

_FAR_BACK = -(1 << 30)


class Deadlock(InternalError):
    """No process can go on: the constraints contain a cycle without slack."""


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
        every = np.full(self.events(process), NEVER, dtype=np.int64)
        every[slice(None) if at is None else at] = events
        self.constraints[process].append((source, np.maximum(every, _FAR_BACK).astype(np.int32), delay))

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
                waiting = np.flatnonzero(every > _FAR_BACK)
                frame, event = np.divmod(every[waiting].astype(np.int64), self.events(source))
                size = self.events(process)
                latest = np.full(self.events(source), _FAR_BACK, dtype=np.int64)
                np.maximum.at(latest, self.events(source) - 1 - event, frame * size + size - 1 - waiting)
                back.constraints[source].append((process, latest.astype(np.int32), delay))
        return back

    def run(self, frames: int) -> list[np.ndarray]:
        """Cycle of each event, per process, shape (frames, events); raises Deadlock."""
        starts = np.cumsum([0] + [len(g) for g in self.gaps]).astype(np.int64)
        of_process = np.cumsum([0] + [len(c) for c in self.constraints]).astype(np.int64)
        flat = [c for per_process in self.constraints for c in per_process]
        data_start = np.cumsum([0] + [len(c[1]) for c in flat]).astype(np.int64)
        data = np.concatenate([c[1] for c in flat]) if flat else np.zeros(0, np.int32)
        times, done = _run(
            np.concatenate(self.gaps),
            np.array(self.begins, dtype=np.int64),
            starts,
            of_process,
            np.array([c[0] for c in flat], dtype=np.int64),
            np.array([c[2] for c in flat], dtype=np.int64),
            data_start,
            data,
            frames,
        )
        sizes = np.diff(starts)
        if np.any(done < sizes * frames):
            stuck = [n for n, d, s in zip(self.names, done, sizes, strict=True) if d < s * frames]
            raise Deadlock(f"the plan deadlocks; waiting for ever: {', '.join(stuck[:8])}")
        return [times[frames * a : frames * b].reshape(frames, -1) for a, b in zip(starts, starts[1:], strict=False)]


@njit(cache=True)
def _run(gaps, begins, starts, of_process, source, delay, data_start, data, frames):  # type: ignore[no-untyped-def]
    """Advances every process as far as its constraints are known, round after round, until nothing moves."""
    count = len(starts) - 1
    times = np.empty(starts[-1] * frames, dtype=np.int64)
    done = np.zeros(count, dtype=np.int64)
    moved = True
    while moved:
        moved = False
        for p in range(count):
            size = starts[p + 1] - starts[p]
            base = starts[p] * frames
            e = done[p]
            frame = e // size
            k = e - frame * size
            while e < size * frames:
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
    return times, done
