# SPDX-License-Identifier: Apache-2.0
"""A report on one bundle: predictions beside measurements, in the user's own node names.

It is made of the documents that lie in a bundle (docs/json.md): what was planned, what the simulation saw and what
synthesis, placement and routing made of it. What was not measured is None, never a guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Document = Mapping[str, Any]

RESOURCES = ("luts", "ffs", "dsps", "brams")


@dataclass(frozen=True)
class Measure:
    """A prediction and what was measured."""

    predicted: float | None
    measured: float | None = None

    @property
    def error(self) -> float | None:
        """(predicted - measured) / measured; None where one is missing or the fraction has no value."""
        if self.predicted is None or self.measured is None:
            return None
        if self.measured == 0:
            return 0.0 if self.predicted == 0 else None
        return (self.predicted - self.measured) / self.measured


@dataclass(frozen=True)
class StageRow:
    """One stage: its work in the user's words, its folding, and its part of the time and the area.

    cycles: busy cycles a frame; share: their part of the initiation interval.
    """

    name: str
    operator: str
    origin: tuple[str, ...]
    tensor: str
    form: str
    folding: str
    why: str
    cycles: int
    share: float
    area: Mapping[str, Measure]


@dataclass(frozen=True)
class LinkRow:
    """A stream between two stages, with its queue and lane converters."""

    source: str
    sink: str
    lanes: str
    bits: int | None
    queue: int | None
    style: str
    luts: int


@dataclass(frozen=True)
class PathStep:
    """One step of the critical path: what it is, how long it takes, through which cell and net, and in which stage."""

    kind: str
    delay_ns: float
    cell: str
    net: str
    stage: str
    origin: tuple[str, ...]


@dataclass(frozen=True)
class ExactnessRow:
    """One ONNX node of the golden model against an oracle (``hwgen run --compare``).

    dialect, proof: as in docs/json.md; accumulator_bits: of what is rounded; form: the one that was built, or "" where
    nothing is rounded. reference: how many differ from the reference evaluator, None where it was not asked.
    """

    name: str
    op: str
    dialect: str
    accumulator_bits: int
    form: str
    proof: str
    compared: int
    different: int
    ties: int
    unexplained: int
    max_lsb: int
    reference: int | None


@dataclass(frozen=True)
class Report:
    """Everything a report says. between: area of queues, converters and the edge. `simulated` and `placed` are None where that step was not run."""

    name: str
    target: str
    clock_mhz: float
    versions: Mapping[str, str]
    timing: Mapping[str, Measure]
    area: Mapping[str, Measure]
    available: Mapping[str, int]
    fmax_mhz: float | None
    macs: int | None
    stages: tuple[StageRow, ...]
    between: Mapping[str, Measure]
    links: tuple[LinkRow, ...]
    ports: tuple[Document, ...]
    host: tuple[str, ...]
    path: tuple[PathStep, ...] = ()
    exactness: tuple[ExactnessRow, ...] = ()
    oracle: str = ""
    simulated: Document | None = None
    placed: Document | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def interval(self) -> int:
        """Initiation interval as measured, else as predicted."""
        timing = self.timing["initiation_interval"]
        return int((timing.predicted if timing.measured is None else timing.measured) or 0)

    @property
    def fps(self) -> float:
        """Frames a second at the clock asked for, or at the clock reached where that is lower."""
        clock = min(self.clock_mhz, self.fmax_mhz or self.clock_mhz)
        return clock * 1e6 / self.interval

    @property
    def bottleneck(self) -> StageRow:
        return max(self.stages, key=lambda stage: stage.cycles)

    def to_json(self) -> dict[str, Any]:
        """The document that ``hwgen report --json`` prints; cells and Fmax at the top level are measured ones."""
        return {
            "name": self.name,
            "target": self.target,
            "clock_mhz": self.clock_mhz,
            **{name: self.area[name].measured for name in RESOURCES},
            "fmax_mhz": self.fmax_mhz,
            "frames_per_second": self.fps,
            "predicted": {
                **{name: self.area[name].predicted for name in RESOURCES},
                **{name: measure.predicted for name, measure in self.timing.items()},
            },
            "error": {name: self.area[name].error for name in RESOURCES},
            "available": dict(self.available),
            "macs": self.macs,
            "timing": {name: asdict(measure) for name, measure in self.timing.items()},
            "stages": [asdict(stage) for stage in self.stages],
            "between": {name: asdict(measure) for name, measure in self.between.items()},
            "links": [asdict(link) for link in self.links],
            "critical_path": [asdict(step) for step in self.path],
            "exactness": [asdict(row) for row in self.exactness],
            "host": list(self.host),
            "simulation": self.simulated,
            "place_and_route": self.placed,
            "versions": dict(self.versions),
            "notes": list(self.notes),
        }
