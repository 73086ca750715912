# SPDX-License-Identifier: Apache-2.0
"""What the nodes of a graph can be on a target, whatever a LUT is worth: foldings, areas, orders and links."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import gcd

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Folding, is_fallback, lane_counts
from hwgen.kernels.catalog import kernel_of
from hwgen.targets import Resources, Target

MOST_EDGE_LANES = 32
LEAST_QUEUE = 4


@dataclass(frozen=True)
class EdgeFolding(Folding):
    """An input port of `lanes_out` codes a beat."""

    form = "port"


@dataclass(frozen=True, eq=False)
class Offer:
    """A legal folding of a node with its cycles a frame and its area."""

    folding: Folding
    cycles: int
    area: Resources


@dataclass(frozen=True)
class Pace:
    """How a folding passes beats on. is_pipe: it hangs on its producer; spacing: least cycles between result beats."""

    is_pipe: bool
    spacing: int


@dataclass
class Supply:
    """All that holds at any price and for any goal; computed once.

    fixed: foldings by node name that stand already. fallbacks: whether those foldings are offered that are only for goals
    which nothing else reaches.
    """

    target: Target
    fixed: dict[str, Folding] = field(default_factory=dict)
    fallbacks: bool = False
    _offers: dict[str, tuple[Offer, ...]] = field(default_factory=dict)
    _paces: dict[tuple[str, Folding], Pace] = field(default_factory=dict)
    _taking: dict[tuple, int] = field(default_factory=dict)
    _orders: dict[tuple, tuple[tuple[Order, ...], Order]] = field(default_factory=dict)
    _links: dict[tuple[int, ...], Resources] = field(default_factory=dict)

    def offers(self, node: Node) -> tuple[Offer, ...]:
        """Every folding of a node that is allowed."""
        if node.name not in self._offers:
            self._offers[node.name] = self._port_offers(node) if node.is_input else self._kernel_offers(node)
        return self._offers[node.name]

    def _port_offers(self, node: Node) -> tuple[Offer, ...]:
        fixed = self.fixed.get(node.name)
        lanes = (fixed.lanes_out,) if fixed else lane_counts(node.type.size, MOST_EDGE_LANES)
        return tuple(Offer(EdgeFolding((), n), node.type.size // n, Resources()) for n in lanes)

    def _kernel_offers(self, node: Node) -> tuple[Offer, ...]:
        kernel = kernel_of(node)
        legal = (self.fixed[node.name],) if node.name in self.fixed else self._allowed(node)
        return tuple(
            Offer(folding, kernel.cycles(node, folding).worst, kernel.area(node, folding, self.target))
            for folding in legal
        )

    def _allowed(self, node: Node) -> tuple[Folding, ...]:
        kernel, target = kernel_of(node), self.target
        every = kernel.foldings(node, target)
        return every if self.fallbacks else tuple(f for f in every if not is_fallback(kernel, node, f, target))

    def pace(self, node: Node, folding: Folding) -> Pace:
        key = (node.name, folding)
        if key not in self._paces:
            schedule = Schedule(0) if node.is_input else kernel_of(node).schedule(node, folding)
            self._paces[key] = Pace(schedule.is_pipe and not node.is_input, schedule.spacing)
        return self._paces[key]

    def cycles_taking(self, node: Node, folding: Folding, operand: int, spacing: int) -> int:
        """Cycles of a frame when the beats of an operand come at least `spacing` cycles apart."""
        key = (node.name, folding, operand, spacing)
        if key not in self._taking:
            processes = kernel_of(node).schedule(node, folding).processes
            self._taking[key] = max(p.cycles_taking(operand, spacing) for p in processes)
        return self._taking[key]

    def orders(self, node: Node, folding: Folding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
        """(orders taken, order given) where the producers would like to send `given`; an input sends it."""
        if node.is_input:
            return (), given[0]
        key = (node.name, folding, given)
        if key not in self._orders:
            self._orders[key] = kernel_of(node).orders(node, folding, given)
        return self._orders[key]

    def serializer(self, width: int, lanes_source: int, lanes_sink: int) -> Resources:
        """What makes the beats of a pipe out of the wider ones of its source."""
        factor = lanes_source // lanes_sink
        return costs.serializer(self.target.family, width * lanes_sink, factor) if factor > 1 else Resources()

    def link(self, width: int, lanes_source: int, lanes_sink: int, frame: int) -> Resources:
        """The smallest queue with its lane converters, and, where it reorders, a memory for two frames.

        width: bits a lane. frame: elements of a frame to reorder, 0 for none.
        """
        key = (width, lanes_source, lanes_sink, frame)
        if key not in self._links:
            family = self.target.family
            area = costs.queue(family, LEAST_QUEUE, width * lanes_source)
            area += gearbox_area(self.target, width, lanes_source, lanes_sink)
            if frame:
                area += costs.memory(family, 2 * frame // lanes_sink, width * lanes_sink, "block", writable=True)
            self._links[key] = area
        return self._links[key]


def gearbox_area(target: Target, width: int, lanes_source: int, lanes_sink: int) -> Resources:
    """Lane converters between a queue and its sink: down to the common lanes first, then up."""
    common = gcd(lanes_source, lanes_sink)
    area = Resources()
    if lanes_source > common:
        area += costs.narrow(target.family, width * common, lanes_source // common)
    if lanes_sink > common:
        area += costs.widen(target.family, width * common, lanes_sink // common)
    return area
