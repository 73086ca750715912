# SPDX-License-Identifier: Apache-2.0
"""A plan: which hardware runs which work, how it is folded, and what lies between."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Literal

from hwgen.ir.graph import Graph, Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Cycles, Folding, UnitSpec
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target


@dataclass(frozen=True)
class Goal:
    """What the planner aims at: `fps` frames a second with the least area, or (None) all that fits.

    The fractions bound what may be used of the target.
    """

    fps: Fraction | None = None
    lut_fraction: Fraction = Fraction(85, 100)
    bram_fraction: Fraction = Fraction(9, 10)
    dsp_fraction: Fraction = Fraction(1)

    def shares(self, used: Resources, target: Target) -> tuple[Fraction, ...]:
        """Of LUTs, flip-flops, DSPs and RAMs the used part of what is allowed; empty for a target without limits."""
        allowed = {
            "luts": self.lut_fraction,
            "ffs": self.lut_fraction,
            "dsps": self.dsp_fraction,
            "brams": self.bram_fraction,
        }
        parts = used.used(target)
        return tuple(
            part / allowed[name] if allowed[name] else Fraction(2 * (part > 0)) for name, part in parts.items()
        )

    def holds(self, used: Resources, target: Target) -> bool:
        return used.fits(target, self.lut_fraction, self.bram_fraction, self.dsp_fraction)


@dataclass(frozen=True)
class Unit:
    """One piece of hardware. In a dataflow plan it runs one stage; nothing may rely on that."""

    name: str
    operator: str
    spec: UnitSpec


@dataclass(frozen=True)
class Stage:
    """One node's work: how it is folded and the unit that runs it.

    taken, order: orders of the operand streams and of the result. why: the choice in words, with the next best.
    """

    node: Node
    folding: Folding
    unit: str
    taken: tuple[Order, ...]
    order: Order
    schedule: Schedule
    cycles: Cycles
    area: Resources
    why: str = ""

    @property
    def name(self) -> str:
        return self.node.name


@dataclass(frozen=True)
class Port:
    """A stream at the edge of the design: `beats` beats of `lanes` codes a frame.

    name: an identifier; graph_name: the graph's name of this input or output.
    """

    name: str
    graph_name: str
    direction: Literal["in", "out"]
    node: Node
    order: Order
    lanes: int

    @property
    def range(self) -> IntRange:
        return self.node.type.range

    @property
    def beats(self) -> int:
        return self.node.type.size // self.lanes

    @property
    def lane_bits(self) -> int:
        """Bits a lane takes on the AXI stream: whole bytes."""
        return 8 * -(-self.range.width // 8)


@dataclass(frozen=True)
class Buffer:
    """A queue on a link."""

    depth: int
    style: Literal["distributed", "block"] = "distributed"


@dataclass(frozen=True)
class Link:
    """A stream from a stage (or input port) to operand `operand` of a stage (or to an output port).

    serialize: beats made of each of the source's beats before it reaches a pipe. gather: of the source's beats that
    make one beat of the queue. queue: None where the sink is a pipe that hangs directly on its source.
    """

    source: str
    sink: str
    operand: int
    order: Order
    range: IntRange
    lanes_source: int
    lanes_sink: int
    serialize: int = 1
    gather: int = 1
    queue: Buffer | None = None
    area: Resources = field(default_factory=Resources)

    @property
    def name(self) -> str:
        return f"{self.source}_to_{self.sink}" + (f"_{self.operand}" if self.operand else "")

    @property
    def lanes_queue(self) -> int:
        """Lanes of a beat in the queue."""
        return self.lanes_source // self.serialize * self.gather

    @property
    def queue_bits(self) -> int:
        return 0 if self.queue is None else self.queue.depth * self.lanes_queue * self.range.width


@dataclass(frozen=True)
class Timing:
    """Exact predictions in cycles, from the beat-level model.

    frames: frames after which the interval no longer changes; later intervals equal `initiation_interval`.
    """

    initiation_interval: int
    latency: int
    first_out: int
    frames: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything that the RTL builder needs, and everything that a report says about a design before it exists."""

    graph: Graph
    target: Target
    goal: Goal
    units: tuple[Unit, ...]
    stages: tuple[Stage, ...]
    ports: tuple[Port, ...]
    links: tuple[Link, ...]
    timing: Timing

    @cached_property
    def area(self) -> Resources:
        total = Resources()
        for area in (*(stage.area for stage in self.stages), *(link.area for link in self.links)):
            total += area
        return total

    @property
    def fits(self) -> bool:
        return self.goal.holds(self.area, self.target)

    @cached_property
    def stage_by_name(self) -> dict[str, Stage]:
        return {stage.name: stage for stage in self.stages}

    def inputs_of(self, name: str) -> tuple[Link, ...]:
        """Links into a stage or output port, by operand."""
        return tuple(sorted((k for k in self.links if k.sink == name), key=lambda k: k.operand))

    def outputs_of(self, name: str) -> tuple[Link, ...]:
        return tuple(k for k in self.links if k.source == name)

    @cached_property
    def bottleneck(self) -> Stage:
        """The stage that is busy for the longest part of a frame."""
        return max(self.stages, key=lambda s: s.cycles.worst)
