# SPDX-License-Identifier: Apache-2.0
"""What one node can be at given prices, and what it costs to put two nodes next to each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from math import gcd

from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.kernels.base import Folding
from hwgen.plan.flow import Edge
from hwgen.plan.prices import Prices
from hwgen.plan.supply import Offer, Supply
from hwgen.targets import Resources

REORDER_PENALTY = 1.0


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
    is_pipe: bool
    spacing: int


@dataclass
class Market:
    """The supply at given prices; choices are worked out once for each interval."""

    supply: Supply
    prices: Prices
    _ranked: dict[str, list[tuple[Offer, float]]] = field(default_factory=dict)
    _choices: dict[tuple, list[Choice]] = field(default_factory=dict)
    _ahead: dict[tuple, float | None] = field(default_factory=dict)
    _links: dict[tuple[int, ...], float] = field(default_factory=dict)

    @classmethod
    def of(cls, supply: Supply) -> Market:
        return cls(supply, Prices.of(supply.target))

    def choose_all(self, node: Node, given: tuple[Order, ...], limit: int) -> list[Choice]:
        """The choices for the node within `limit` cycles when its producers send `given`, the cheapest of each kind.

        Choices of one kind cannot be told apart from outside: they take and give the same beats in the same order.
        """
        key = (node.name, given, limit)
        if key not in self._choices:
            best: dict[tuple, Choice] = {}
            for orders in (given,) if not node.is_input else tuple((order,) for order in input_orders(node)):
                for offer, price in self._ranked_offers(node):
                    if offer.cycles <= limit:
                        choice = self._choice(node, offer, price, orders)
                        best.setdefault(_kind(choice), choice)
            self._choices[key] = list(best.values())
        return self._choices[key]

    def _ranked_offers(self, node: Node) -> list[tuple[Offer, float]]:
        """Every folding with its price, cheapest first."""
        if node.name not in self._ranked:
            priced = [(offer, self.prices.of_area(offer.area)) for offer in self.supply.offers(node)]
            self._ranked[node.name] = sorted(priced, key=lambda item: item[1])
        return self._ranked[node.name]

    def _choice(self, node: Node, offer: Offer, price: float, given: tuple[Order, ...]) -> Choice:
        taken, order = self.supply.orders(node, offer.folding, given)
        pace = self.supply.pace(node, offer.folding)
        return Choice(node, offer.folding, taken, order, offer.cycles, offer.area, price, pace.is_pipe, pace.spacing)

    def join(self, edge: Edge, seen: Order, lanes: int, sink: Choice, spacing: int, interval: int) -> float | None:
        """Price of the link to a choice from a source that sends beats of `lanes`, at least `spacing` cycles apart, in
        the order `seen`; None where they cannot be linked within `interval` cycles. A pipe that wants another order
        hangs on the reorder in between."""
        mismatch = seen != sink.taken[edge.operand]
        lanes_sink, width = sink.folding.lanes_in[edge.operand], edge.source.type.range.width
        if sink.is_pipe and not mismatch:
            if lanes % lanes_sink or lanes // lanes_sink > spacing:
                return None
            return self.prices.of_area(self.supply.serializer(width, lanes, lanes_sink))
        size, common = edge.source.type.size, gcd(lanes, lanes_sink)
        if size // common > interval or self._starves(edge, lanes, sink, common, interval):
            return None
        key = (width, lanes, lanes_sink, size * mismatch)
        if key not in self._links:
            self._links[key] = self.prices.of_area(self.supply.link(*key)) + REORDER_PENALTY * mismatch
        return self._links[key]

    def _starves(self, edge: Edge, lanes: int, sink: Choice, common: int, interval: int) -> bool:
        """Whether a sink that takes its beats in bursts waits too long for a lane converter to join each of them.

        Beats that are whole multiples of the source's are joined in front of the queue, where nothing waits.
        """
        lanes_sink = sink.folding.lanes_in[edge.operand]
        if sink.is_pipe or lanes_sink % lanes == 0 or lanes_sink == common:
            return False
        return self.supply.cycles_taking(sink.node, sink.folding, edge.operand, lanes_sink // common) > interval

    def ahead(self, edge: Edge, given: tuple[Order, ...], lanes: int, spacing: int, interval: int) -> float | None:
        """Price of the cheapest sink of an edge with its link, if its operands come in the orders `given`; a sink with
        several operands counts for its part. None where there is none."""
        if isinstance(edge.sink, str):
            return 0.0
        key = (edge.sink.name, edge.operand, given, lanes, min(spacing, lanes), interval)
        if key not in self._ahead:
            prices = []
            for sink in self.choose_all(edge.sink, given, interval):
                join = self.join(edge, given[edge.operand], lanes, sink, spacing, interval)
                if join is not None:
                    prices.append(join + sink.price / len(given))
            self._ahead[key] = min(prices, default=None)
        return self._ahead[key]


def _kind(choice: Choice) -> tuple:
    """What can be told of a choice from outside, and the name of its form."""
    folding = choice.folding
    streams = (folding.lanes_in, folding.lanes_out, choice.taken, choice.order, choice.is_pipe, choice.spacing)
    return folding.form, *streams


def input_orders(node: Node) -> tuple[Order, ...]:
    """Orders in which an input may arrive: channels-last, or as it lies in memory; consumers decide."""
    return tuple(dict.fromkeys((Order.channels_last(node.type.shape), Order.row_major(node.type.shape))))


def frames_per_second(clock_mhz: float, cycles: int) -> Fraction:
    """Frames a second at one frame every `cycles`."""
    return Fraction(clock_mhz).limit_denominator(1000) * 1_000_000 / cycles
