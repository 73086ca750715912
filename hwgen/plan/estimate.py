# SPDX-License-Identifier: Apache-2.0
"""What a device can do with a graph at most, in a fraction of a second: an estimate, not a plan.

Queues and lane converters are left out. A plan for the same device is slower by what those need.
"""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.ir.graph import Graph
from hwgen.plan.choices import frames_per_second
from hwgen.plan.flow import Flow
from hwgen.plan.packing import Stages
from hwgen.plan.plan import Goal
from hwgen.plan.supply import Supply
from hwgen.targets import Resources, Target


@dataclass(frozen=True)
class Estimate:
    """interval: cycles a frame, 0 where not even the smallest foldings fit. binds: the resource that runs out."""

    target: str
    fits: bool
    interval: int
    fps: float
    area: Resources
    binds: str
    used: float
    clock_mhz: float


def estimate(graph: Graph, target: Target, goal: Goal) -> Estimate:
    """The fastest interval at which the stages alone fit into the target."""
    plain = _estimate(graph, target, goal, fallbacks=False)
    return plain if plain.fits else _estimate(graph, target, goal, fallbacks=True)


def _estimate(graph: Graph, target: Target, goal: Goal, fallbacks: bool) -> Estimate:
    stages = Stages.of(Flow.of(graph), Supply(target, fallbacks=fallbacks), goal)
    intervals = stages.candidates
    fitting = ((i, packed) for i in intervals[stages.shortest_possible() :] if (packed := stages.pack(i)).fits)
    interval, packed = next(fitting, (0, stages.pack(intervals[-1])))
    binds, part = packed.area.binding(target)
    if interval == intervals[0]:
        binds = "parallelism of the slowest node"
    fps = float(frames_per_second(float(target.clock_mhz), interval)) if interval else 0.0
    return Estimate(target.name, interval > 0, interval, fps, packed.area, binds, float(part), float(target.clock_mhz))
