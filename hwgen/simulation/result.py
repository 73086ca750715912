# SPDX-License-Identifier: Apache-2.0
"""What a simulation found."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

SCHEMA_VERSION = 1
PHASES = ("one frame into the idle core", "frames back to back", "broken off by a reset", "all samples after a reset")


@dataclass(frozen=True)
class Compared:
    """A number of cycles, as predicted from the plan and as measured; measured is None where it did not come so far."""

    predicted: int | None
    measured: int | None

    @property
    def equal(self) -> bool:
        return self.predicted is None or self.predicted == self.measured


@dataclass(frozen=True)
class FirstWrong:
    """The first wrong value, in the topological order of the nodes.

    node: name of the node, of the output port if no inner stream was wrong; origin: the user's ONNX node names.
    sample: which input; phase: of the bench (see PHASES), frame in it, and cycle since the start of the simulation.
    index: position in the tensor; channel and pixel: its axis 1 and the axes behind. found is None if nothing came.
    """

    node: str
    origin: tuple[str, ...]
    tensor: str
    sample: int
    phase: int
    frame: int
    cycle: int
    index: tuple[int, ...]
    expected: int
    found: int | None

    @property
    def channel(self) -> int | None:
        return self.index[1] if len(self.index) > 1 else None

    @property
    def pixel(self) -> tuple[int, ...]:
        return self.index[2:]

    def __str__(self) -> str:
        place = f"index {self.index}"
        if self.pixel:
            place = f"channel {self.channel}, pixel {self.pixel}"
        origin = f" ({', '.join(self.origin)})" if self.origin else ""
        found = "nothing" if self.found is None else self.found
        return (
            f"node {self.node}{origin}, sample {self.sample}, {place}: found {found}, expected {self.expected}"
            f" (cycle {self.cycle}, frame {self.frame} of the phase '{PHASES[self.phase]}')"
        )


@dataclass(frozen=True)
class SimResult:
    """Everything a simulation measured. mismatches: wrong values at the outputs, over all phases of the bench.

    breaches: errors of the stream protocol, and streams that got stuck, in words. Rates are cycles a CPU second of the
    simulator; the raw rate is that of the design alone, None where it was not asked for. rerun: the command that
    repeats a failed run with a waveform around the first wrong value; waveform: where that was written.
    """

    samples: int
    mismatches: int
    cycles: int
    initiation_interval: Compared
    latency: Compared
    first_out: Compared
    cycles_per_second: float | None
    raw_cycles_per_second: float | None
    breaches: tuple[str, ...]
    first_wrong: FirstWrong | None
    backpressure: str
    seed: int
    simulator: str
    rerun: str
    waveform: str | None = None

    @property
    def on_time(self) -> bool:
        return self.initiation_interval.equal and self.latency.equal and self.first_out.equal

    @property
    def passed(self) -> bool:
        """Every value right, every stream in order, and every cycle as predicted."""
        return not self.mismatches and not self.breaches and self.on_time

    def to_json(self) -> dict[str, Any]:
        """Documented keys with JSON values."""
        plain = {"schema_version": SCHEMA_VERSION, "passed": self.passed, **asdict(self)}
        if self.first_wrong is not None:
            plain["first_wrong"] |= {"channel": self.first_wrong.channel, "pixel": self.first_wrong.pixel}
        return plain
