# SPDX-License-Identifier: Apache-2.0
"""Reading what the bench writes down while it runs, and what follows from it.

Lines of the log, all numbers decimal unless noted; PORT counts the ports of the manifest from 0, -1 is the bench:
``phase PHASE CYCLE``, ``start|first|last PORT FRAME CYCLE``, ``wrong PORT FRAME BEAT CYCLE FOUND EXPECTED`` (hex),
``breach PORT FRAME BEAT CYCLE WHAT``, ``stuck PORT BEATS``, ``cycle CYCLE``, ``done CYCLES MISMATCHES BREACHES``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

LATENCY, INTERVAL, CUT, ALL = range(4)  # the phases of the bench


@dataclass(frozen=True)
class Wrong:
    """The first wrong beat of a port in a phase; found and expected: words in hexadecimal."""

    phase: int
    port: int
    frame: int
    beat: int
    cycle: int
    found: str
    expected: str


@dataclass(frozen=True)
class Breach:
    """An error of protocol: what the bench calls it, where and when."""

    phase: int
    port: int
    frame: int
    beat: int
    cycle: int
    what: str


@dataclass
class BenchLog:
    """Everything in the log of one simulation. `times[event][phase][frame]`: cycle on each port, event as in the log."""

    cycles: int = 0
    mismatches: int = 0
    done: bool = False
    wrong: list[Wrong] = field(default_factory=list)
    breaches: list[Breach] = field(default_factory=list)
    stuck: dict[int, int] = field(default_factory=dict)
    phases: dict[int, int] = field(default_factory=dict)
    times: dict[str, dict[int, dict[int, dict[int, int]]]] = field(
        default_factory=lambda: {"start": {}, "first": {}, "last": {}}
    )

    @property
    def passed(self) -> bool:
        return self.done and not self.mismatches and not self.breaches

    def measured(self) -> dict[str, int | None]:
        """Cycles of latency and first_out (one frame into an idle core) and initiation_interval (back to back)."""
        start = self._frames("start", LATENCY, min)
        first = self._frames("first", LATENCY, min)
        last = self._frames("last", LATENCY, max)
        starts = self._frames("start", INTERVAL, min)
        return {
            "initiation_interval": starts[-1] - starts[-2] if len(starts) > 1 else None,
            "latency": last[0] - start[0] if last else None,
            "first_out": first[0] - start[0] if first else None,
        }

    def intervals(self) -> list[int]:
        """Cycles between the starts of successive frames that nothing stalls."""
        starts = self._frames("start", INTERVAL, min)
        return [b - a for a, b in zip(starts, starts[1:])]  # noqa: B905

    def _frames(self, event: str, phase: int, join) -> list[int]:  # type: ignore[no-untyped-def]
        frames = self.times[event].get(phase, {})
        return [join(frames[frame].values()) for frame in sorted(frames)]


def read_log(path: Path) -> BenchLog:
    """The log of a simulation, also of one that was broken off; an unfinished last line is left out."""
    log = BenchLog()
    phase = 0
    for line in path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else ():
        kind, *words = line.split()
        if kind == "phase":
            phase = int(words[0])
            log.phases[phase] = int(words[1])
        elif kind in log.times:
            port, frame, cycle = map(int, words)
            log.times[kind].setdefault(phase, {}).setdefault(frame, {})[port] = cycle
        elif kind == "wrong":
            port, frame, beat, cycle = map(int, words[:4])
            log.wrong.append(Wrong(phase, port, frame, beat, cycle, words[4], words[5]))
        elif kind == "breach":
            port, frame, beat, cycle = map(int, words[:4])
            log.breaches.append(Breach(phase, port, frame, beat, cycle, words[4]))
        elif kind == "stuck":
            log.stuck[int(words[0])] = int(words[1])
        elif kind == "done":
            log.cycles, log.mismatches, log.done = int(words[0]), int(words[1]), True
    return log
