# SPDX-License-Identifier: Apache-2.0
"""What one node can be: its foldings with their price, and what it costs to put two of them next to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Folding, lane_counts
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.flow import Edge
from hwgen.targets import Resources, Target

MOST_EDGE_LANES = 32
MOST_CHOICES = 48
LEAST_QUEUE = 4
REORDER_PENALTY = 1.0


@dataclass(frozen=True)
class EdgeFolding(Folding):
    """An input port of `lanes_out` codes a beat."""

    form = "port"


@dataclass(frozen=True, eq=False)
class Choice:
    """A folding of a node, with the orders of its streams as they follow from its producers'."""

    node: Node
    folding: Folding
    taken: tuple[Order, ...]
    order: Order
    cycles: int
    area: Resources
    price: float
    spacing: int


@dataclass
class Market:
    """Foldings and prices for one graph on one target; everything that does not depend on the goal is computed once."""

    target: Target
    fixed: dict[str, Folding] = field(default_factory=dict)
    _foldings: dict[str, list[tuple[Folding, int, Resources]]] = field(default_factory=dict)
    _schedules: dict[tuple[str, Folding], Schedule] = field(default_factory=dict)
    _orders: dict[tuple, tuple[tuple[Order, ...], Order]] = field(default_factory=dict)

    def price(self, area: Resources) -> float:
        """Area as one number: the sum of the fractions of the device."""
        have = self.target.resources or Resources(100_000, 200_000, 500, 400)
        parts = ((area.luts, have.luts), (area.ffs, 4 * have.ffs), (area.dsps, have.dsps), (area.brams, have.brams))
        return sum(used / limit if limit else 10.0 * used for used, limit in parts)

    def schedule(self, node: Node, folding: Folding) -> Schedule:
        key = (node.name, folding)
        if key not in self._schedules:
            self._schedules[key] = kernel_of(node).schedule(node, folding)
        return self._schedules[key]

    def foldings(self, node: Node) -> list[tuple[Folding, int, Resources]]:
        """(folding, cycles a frame, area) of every legal folding."""
        if node.name not in self._foldings:
            if node.is_input:
                found = [
                    (EdgeFolding((), lanes), node.type.size // lanes, Resources())
                    for lanes in lane_counts(node.type.size, MOST_EDGE_LANES)
                ]
            else:
                kernel = kernel_of(node)
                legal = (self.fixed[node.name],) if node.name in self.fixed else kernel.foldings(node, self.target)
                found = [
                    (f, kernel.cycles(node, f).worst, kernel.area(node, f, self.target)) for f in legal
                ]
            self._foldings[node.name] = found
        return self._foldings[node.name]

    def within(self, node: Node, limit: int) -> list[tuple[Folding, int, Resources]]:
        """The foldings that need at most `limit` cycles, the cheapest of each shape only."""
        best: dict[tuple, tuple[float, tuple[Folding, int, Resources]]] = {}
        for entry in self.foldings(node):
            folding, cycles, area = entry
            if cycles > limit:
                continue
            key = (folding.lanes_in, folding.lanes_out, getattr(folding, "block_major", None))
            price = self.price(area)
            if key not in best or price < best[key][0]:
                best[key] = (price, entry)
        ranked = sorted(best.values(), key=lambda item: (item[0], str(item[1][0])))
        return [entry for _, entry in ranked[:MOST_CHOICES]]

    def choose_all(self, node: Node, given: tuple[Order, ...], limit: int) -> list[Choice]:
        """Every choice for the node when its producers send `given`."""
        choices = []
        for folding, cycles, area in self.within(node, limit):
            if node.is_input:
                order = Order.channels_last(node.type.shape)
                choices.append(Choice(node, folding, (), order, cycles, area, 0.0, 1))
                continue
            taken, order = self._ordered(node, folding, given)
            choices.append(
                Choice(node, folding, taken, order, cycles, area, self.price(area), self._spacing(node, folding))
            )
        return choices

    def _ordered(self, node: Node, folding: Folding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        key = (node.name, folding, given)
        if key not in self._orders:
            self._orders[key] = kernel_of(node).orders(node, folding, given)
        return self._orders[key]

    def _spacing(self, node: Node, folding: Folding) -> int:
        """Least cycles between two result beats; 1 for a pipe, which adds nothing to its producer's."""
        schedule = self.schedule(node, folding)
        for process in schedule.processes:
            if process.gives.any():
                at = np.cumsum(process.gap)[process.gives]
                return int(np.diff(at, append=at[0] + process.cycles).min()) if len(at) > 1 else process.cycles
        return 1

    def join(self, source: Choice, edge: Edge, sink: Choice, spacing: int, interval: int) -> float | None:
        """Price of the link between two choices; None where they cannot be linked within `interval` cycles."""
        mismatch = edge.seen(source.order) != sink.taken[edge.operand]
        lanes_source, lanes_sink = source.folding.lanes_out, sink.folding.lanes_in[edge.operand]
        family, width = self.target.family, edge.source.type.range.width
        if self.schedule(sink.node, sink.folding).is_pipe:
            if mismatch or lanes_source % lanes_sink or lanes_source // lanes_sink > spacing:
                return None
            factor = lanes_source // lanes_sink
            return self.price(costs.serializer(family, width * lanes_sink, factor)) if factor > 1 else 0.0
        if edge.source.type.size // gcd(lanes_source, lanes_sink) > interval:
            return None
        area = costs.queue(family, LEAST_QUEUE, width * lanes_source)
        area += gearbox_area(self.target, width, lanes_source, lanes_sink)
        if not mismatch:
            return self.price(area)
        frame = costs.memory(family, 2 * edge.source.type.size // lanes_sink, width * lanes_sink, "block", writable=True)
        return self.price(area + frame) + REORDER_PENALTY


def gearbox_area(target: Target, width: int, lanes_source: int, lanes_sink: int) -> Resources:
    """Lane converters between a queue and its sink: down to the common lanes first, then up."""
    common = gcd(lanes_source, lanes_sink)
    area = Resources()
    if lanes_source > common:
        area += costs.narrow(target.family, width * common, lanes_source // common)
    if lanes_sink > common:
        area += costs.widen(target.family, width * common, lanes_sink // common)
    return area


def frames_per_second(clock_mhz: float, cycles: int) -> Fraction:
    """Frames a second at one frame every `cycles`."""
    return Fraction(clock_mhz).limit_denominator(1000) * 1_000_000 / cycles
