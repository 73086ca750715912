# SPDX-License-Identifier: Apache-2.0
"""Drives single blocks of hwgen/hdl in Amaranth's simulator."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence

from amaranth.hdl import ClockDomain, Elaboratable, Module
from amaranth.lib import wiring
from amaranth.sim import Simulator, SimulatorContext


class _Top(Elaboratable):
    def __init__(self, dut: Elaboratable):
        self.dut, self.domain = dut, ClockDomain("sync")

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.domains.sync = self.domain
        m.submodules.dut = self.dut
        return m


def simulate(
    dut: Elaboratable, testbench: Callable[..., Awaitable[None]], *others: Callable[..., Awaitable[None]]
) -> None:
    """Runs `testbench(context, reset)`; `reset` is the reset signal of the clock domain."""
    top = _Top(dut)
    simulator = Simulator(top)
    simulator.add_clock(1e-6, domain="sync")
    for bench in (testbench, *others):

        async def run(context: SimulatorContext, bench: Callable[..., Awaitable[None]] = bench) -> None:
            await bench(context, top.domain.rst)

        simulator.add_testbench(run)
    simulator.run()


def transfers(
    dut: wiring.Component, beats: Sequence[int], expected: int, *, stall: float = 0.0, seed: int = 0
) -> tuple[list[tuple[int, int]], list[int]]:
    """Sends `beats` through streams ``i`` and ``o``: [(cycle, payload) out], [cycle in]; both sides stall at random."""
    given: list[tuple[int, int]] = []
    taken: list[int] = []

    async def testbench(context: SimulatorContext, reset: object) -> None:
        chance = random.Random(seed)
        waiting, offered = list(beats), False
        for cycle in range(1000 + 20 * len(beats)):
            offered = bool(waiting) and (offered or chance.random() >= stall)
            context.set(dut.i.valid, offered)
            context.set(dut.i.payload, waiting[0] if offered else 0)
            context.set(dut.o.ready, chance.random() >= stall)
            if offered and context.get(dut.i.ready):
                taken.append(cycle)
                waiting.pop(0)
                offered = False
            if context.get(dut.o.valid) and context.get(dut.o.ready):
                given.append((cycle, context.get(dut.o.payload)))
            if len(given) == expected and not waiting:
                return
            await context.tick()

    simulate(dut, testbench)
    return given, taken
