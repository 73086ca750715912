# SPDX-License-Identifier: Apache-2.0
"""What a device can do with a graph at most, in a fraction of a second: an estimate, not a plan.

Each node takes its cheapest folding within a common interval; queues and lane converters are left out. A plan for the
same device is slower by what those need.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

from hwgen.ir.graph import Graph
from hwgen.plan.choices import frames_per_second
from hwgen.plan.flow import Flow
from hwgen.plan.plan import Goal
from hwgen.plan.prices import Prices
from hwgen.plan.supply import Offer, Supply
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
    supply, prices = Supply(target), Prices.of(target)
    curves = [_curve(supply.offers(node), prices) for node in Flow.of(graph).nodes if not node.is_input]
    slowest = max(curve[-1][0] for curve in curves)
    fastest_possible = max(curve[0][0] for curve in curves)
    candidates = sorted({cycles for curve in curves for cycles, _ in curve if fastest_possible <= cycles <= slowest})
    low, high, best = 0, len(candidates) - 1, None
    while low <= high:
        middle = (low + high) // 2
        area = _area_within(curves, candidates[middle])
        if goal.holds(area, target):
            best, high = (candidates[middle], area), middle - 1
        else:
            low = middle + 1
    if best is None:
        area = _area_within(curves, slowest)
        name, part = area.binding(target)
        return Estimate(target.name, False, 0, 0.0, area, name, float(part), float(target.clock_mhz))
    interval, area = best
    binds, part = area.binding(target)
    faster = [c for c in candidates if c < interval]
    if not faster:
        binds = "parallelism of the slowest node"
    fps = float(frames_per_second(float(target.clock_mhz), interval))
    return Estimate(target.name, True, interval, fps, area, binds, float(part), float(target.clock_mhz))


def _curve(offers: tuple[Offer, ...], prices: Prices) -> list[tuple[int, Resources]]:
    """(cycles, area), cycles rising and price falling: the foldings that no other beats in both."""
    curve, cheapest = [], float("inf")
    priced = [(offer.cycles, prices.of_area(offer.area), offer.area) for offer in offers]
    for cycles, price, area in sorted(priced, key=lambda item: item[:2]):
        if price < cheapest:
            cheapest = price
            curve.append((cycles, area))
    return curve


def _area_within(curves: list[list[tuple[int, Resources]]], interval: int) -> Resources:
    """Area of the cheapest folding within `interval` cycles of every curve (the fastest where none is that fast)."""
    total = Resources()
    for curve in curves:
        index = bisect_right([cycles for cycles, _ in curve], interval) - 1
        total += curve[max(0, index)][1]
    return total
