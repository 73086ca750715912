# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from amaranth.hdl import Module, Signal
from amaranth.sim import Simulator

from hwgen.hdl.credits import credits


def test_credits_are_counted_from_the_cycle_after() -> None:
    m, give, take, have = Module(), Signal(), Signal(), Signal()
    m.d.comb += have.eq(credits(m, "room", 2, 1, give, take))
    simulator = Simulator(m)
    simulator.add_clock(1e-6)
    seen = []

    async def bench(context) -> None:
        for gives, takes in [(0, 1), (0, 0), (1, 0), (1, 0), (1, 1), (0, 1), (0, 1), (0, 0)]:
            context.set(give, gives)
            context.set(take, takes)
            seen.append(context.get(have))
            await context.tick()

    simulator.add_testbench(bench)
    simulator.run()
    assert seen == [1, 0, 0, 1, 1, 1, 1, 0]
