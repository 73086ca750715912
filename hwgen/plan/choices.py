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
class Offer:
    """A legal folding of a node with its cycles a frame, its area, and that area as one number."""

    folding: Folding
    cycles: int
    area: Resources
    price: float


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
    _offers: dict[str, list[Offer]] = field(default_factory=dict)
    _within: dict[tuple[str, int], list[Offer]] = field(default_factory=dict)
    _choices: dict[tuple, list[Choice]] = field(default_factory=dict)
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

    def offers(self, node: Node) -> list[Offer]:
        """Every legal folding of a node."""
        if node.name not in self._offers:
            if node.is_input:
                lanes = lane_counts(node.type.size, MOST_EDGE_LANES)
                found = [Offer(EdgeFolding((), n), node.type.size // n, Resources(), 0.0) for n in lanes]
            else:
                kernel = kernel_of(node)
                legal = (self.fixed[node.name],) if node.name in self.fixed else kernel.foldings(node, self.target)
                found = []
                for folding in legal:
                    area = kernel.area(node, folding, self.target)
                    found.append(Offer(folding, kernel.cycles(node, folding).worst, area, self.price(area)))
            self._offers[node.name] = found
        return self._offers[node.name]

    def within(self, node: Node, limit: int) -> list[Offer]:
        """The foldings that need at most `limit` cycles, the cheapest of each shape only."""
        if (node.name, limit) not in self._within:
            best: dict[tuple, Offer] = {}
            for offer in self.offers(node):
                folding = offer.folding
                if offer.cycles > limit:
                    continue
                key = (folding.form, folding.lanes_in, folding.lanes_out, getattr(folding, "block_major", None))
                if key not in best or offer.price < best[key].price:
                    best[key] = offer
            ranked = sorted(best.values(), key=lambda offer: (offer.price, str(offer.folding)))
            self._within[node.name, limit] = ranked[:MOST_CHOICES]
        return self._within[node.name, limit]

    def choose_all(self, node: Node, given: tuple[Order, ...], limit: int) -> list[Choice]:
        """Every choice for the node when its producers send `given`."""
        key = (node.name, given, limit)
        if key not in self._choices:
            orders = (given,) if not node.is_input else tuple((order,) for order in input_orders(node))
            self._choices[key] = [
                self._choice(node, offer, order) for order in orders for offer in self.within(node, limit)
            ]
        return self._choices[key]

    def _choice(self, node: Node, offer: Offer, given: tuple[Order, ...]) -> Choice:
        if node.is_input:
            return Choice(node, offer.folding, (), given[0], offer.cycles, offer.area, 0.0, 1)
        taken, order = self._ordered(node, offer.folding, given)
        spacing = self._spacing(node, offer.folding)
        return Choice(node, offer.folding, taken, order, offer.cycles, offer.area, offer.price, spacing)

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
        frame = costs.memory(
            family, 2 * edge.source.type.size // lanes_sink, width * lanes_sink, "block", writable=True
        )
        return self.price(area + frame) + REORDER_PENALTY


def input_orders(node: Node) -> tuple[Order, ...]:
    """Orders in which an input may arrive: channels-last, or as it lies in memory; consumers decide."""
    return tuple(dict.fromkeys((Order.channels_last(node.type.shape), Order.row_major(node.type.shape))))


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
