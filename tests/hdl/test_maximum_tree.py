# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest
from amaranth.hdl import Elaboratable, Module, Shape, Signal

from hwgen import costs
from hwgen.hdl.maximum_tree import maximum_tree
from tests.hdl.bench import simulate


class Tree(Elaboratable):
    def __init__(self, terms: int, shape: Shape):
        self.terms, self.y = [Signal(shape, name=f"x{k}") for k in range(terms)], Signal(shape)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.d.comb += self.y.eq(maximum_tree(m, self.terms, "largest"))
        return m


@pytest.mark.parametrize("terms", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("shape", [Shape(4, signed=True), Shape(4)], ids=str)
def test_the_largest_word_comes_as_many_cycles_later_as_an_adder_tree_has_levels(terms: int, shape: Shape) -> None:
    unit, latency, rng = Tree(terms, shape), costs.adder_tree_latency(terms), random.Random(terms)
    low, high = (-8, 7) if shape.signed else (0, 15)
    vectors = [[rng.randint(low, high) for _ in range(terms)] for _ in range(60)]

    async def testbench(context, reset) -> None:
        for cycle in range(len(vectors) + latency):
            for signal, value in zip(unit.terms, vectors[min(cycle, len(vectors) - 1)], strict=True):
                context.set(signal, value)
            if cycle >= latency:
                assert context.get(unit.y) == max(vectors[cycle - latency])
            await context.tick()

    simulate(unit, testbench)
