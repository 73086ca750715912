# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest
from amaranth.hdl import Elaboratable, Module, Shape, Signal, signed, unsigned

from hwgen.costs import adder_tree_latency
from hwgen.hdl.adder_tree import add_tree
from tests.hdl.bench import simulate


class Tree(Elaboratable):
    def __init__(self, shapes: list[Shape], width: int, levels: int):
        self.terms = [Signal(shape, name=f"term_{k}") for k, shape in enumerate(shapes)]
        self.width, self.levels = width, levels
        self.total = Signal(signed(width + 4))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.d.comb += self.total.eq(add_tree(m, self.terms, "tree", self.width, self.levels))
        return m


def bounds(shape: Shape) -> tuple[int, int]:
    return (-(1 << (shape.width - 1)), (1 << (shape.width - 1)) - 1) if shape.signed else (0, (1 << shape.width) - 1)


def check(shapes: list[Shape], width: int, levels: int) -> None:
    tree = Tree(shapes, width, levels)
    latency = adder_tree_latency(len(shapes), levels)
    chance = random.Random(len(shapes))
    rows = [[low for low, _ in map(bounds, shapes)], [high for _, high in map(bounds, shapes)]]
    rows += [[chance.randint(*bounds(shape)) for shape in shapes] for _ in range(6)]

    async def testbench(context, reset) -> None:
        for cycle in range(len(rows) + latency):
            for term, value in zip(tree.terms, rows[min(cycle, len(rows) - 1)], strict=True):
                context.set(term, value)
            if cycle >= latency:
                assert context.get(tree.total) == sum(rows[cycle - latency])
            await context.tick()

    simulate(tree, testbench)


@pytest.mark.parametrize("terms", [1, 2, 3, 4, 5, 7, 8, 9, 17])
@pytest.mark.parametrize("levels", [1, 2, 3])
def test_signed_terms_add_up_after_the_promised_latency(terms: int, levels: int) -> None:
    check([signed(5)] * terms, 5 + terms.bit_length(), levels)


def test_unsigned_and_mixed_terms_add_up_too() -> None:
    check([unsigned(4)] * 6, 8, 2)
    check([unsigned(4), signed(4), signed(2), unsigned(7), unsigned(1)], 9, 2)


def test_the_latency_law() -> None:
    assert [adder_tree_latency(terms) for terms in (1, 2, 4, 5, 16, 17, 64)] == [0, 1, 2, 3, 4, 5, 6]
    assert adder_tree_latency(8, levels=1) == 3
