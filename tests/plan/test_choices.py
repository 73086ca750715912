# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.concat.op import Concat
from hwgen.plan.choices import Market
from hwgen.plan.supply import Supply
from hwgen.targets import Target
from tests.plan.networks import CODES, two_convs

SHAPE = (1, 4, 6, 6)
MARKET = Market.of(Supply(Target.named("ecp5-25k")))


def concat() -> Node:
    operands = tuple(Node(Input(TensorType(SHAPE, CODES)), (), name) for name in ("a", "b"))
    return Node(Concat(1), operands, "joined")


@pytest.mark.parametrize("order", (Order.channels_last(SHAPE), Order.row_major(SHAPE)))
def test_every_order_that_a_node_can_take_stays_among_its_choices(order: Order) -> None:
    choices = MARKET.choose_all(concat(), (order, order), 288)
    assert {c.folding.lanes_out for c in choices if c.taken == (order, order)} >= {1, 2, 4}


def test_choices_keep_to_the_limit_and_no_two_are_of_one_kind() -> None:
    node = two_convs().by_name["first_matmul"]
    order = Order.channels_last(node.src[0].type.shape)
    choices = MARKET.choose_all(node, (order,), 1296)
    assert choices and max(c.cycles for c in choices) <= 1296
    kinds = [(c.folding.form, c.folding.lanes_in, c.folding.lanes_out, c.spacing, c.order, c.taken) for c in choices]
    assert len(set(kinds)) == len(kinds)


def test_the_cheapest_of_a_kind_is_offered() -> None:
    node = two_convs().by_name["first_matmul"]
    order = Order.channels_last(node.src[0].type.shape)
    choices = MARKET.choose_all(node, (order,), 1296)
    offered = {(c.folding.form, c.folding.lanes_in, c.folding.lanes_out): c.price for c in choices}
    for offer in MARKET.supply.offers(node):
        if offer.cycles <= 1296:
            kind = (offer.folding.form, offer.folding.lanes_in, offer.folding.lanes_out)
            assert offered[kind] <= MARKET.prices.of_area(offer.area)
