# SPDX-License-Identifier: Apache-2.0
"""Feeds multipliers a new pair in every cycle."""

from __future__ import annotations

import random

from amaranth.lib import wiring
from amaranth.sim import Simulator


def operands(bits: int, count: int, seed: int) -> list[int]:
    """Corners, then random signed words of `bits` bits."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    rng = random.Random(seed)
    return [low, high, low, high, 0, -1, *(rng.randint(low, high) for _ in range(count))]


def run(unit: wiring.Component, latency: int, stimuli: list[dict[str, int]]) -> list[int]:
    """y of each cycle's operands, read exactly `latency` cycles later."""
    results: list[int] = []

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for cycle in range(len(stimuli) + latency):
            for name, value in stimuli[min(cycle, len(stimuli) - 1)].items():
                context.set(getattr(unit, name), value)
            if cycle >= latency:
                results.append(context.get(unit.y))
            await context.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return results
