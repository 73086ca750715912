# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest
from amaranth.hdl import Elaboratable, Module, Signal, signed

from hwgen.hdl.delay import delayed
from tests.hdl.bench import simulate


class Line(Elaboratable):
    def __init__(self, cycles: int, reset_less: bool):
        self.cycles, self.reset_less = cycles, reset_less
        self.i, self.o = Signal(signed(5), init=-3), Signal(signed(5))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.d.comb += self.o.eq(delayed(m, self.i, self.cycles, "line", reset_less=self.reset_less))
        return m


@pytest.mark.parametrize("cycles", [0, 1, 3])
def test_a_value_comes_that_many_cycles_later(cycles: int) -> None:
    line, values = Line(cycles, False), [-16, 15, 3, -1, 7, 0]

    async def testbench(context, reset) -> None:
        for cycle in range(len(values) + cycles):
            context.set(line.i, values[min(cycle, len(values) - 1)])
            assert context.get(line.o) == (values[cycle - cycles] if cycle >= cycles else -3)
            await context.tick()

    simulate(line, testbench)


@pytest.mark.parametrize("reset_less, left", [(False, -3), (True, 9)])
def test_only_a_reset_less_line_keeps_its_value_in_reset(reset_less: bool, left: int) -> None:
    line = Line(1, reset_less)

    async def testbench(context, reset) -> None:
        context.set(line.i, 9)
        context.set(reset, 1)
        await context.tick()
        assert context.get(line.o) == left

    simulate(line, testbench)
