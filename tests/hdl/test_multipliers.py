# SPDX-License-Identifier: Apache-2.0
"""Wide, fabric and constant multipliers against Python's product, with a new pair in every cycle."""

from __future__ import annotations

import random

import pytest
from amaranth.lib import wiring
from amaranth.sim import Simulator

from hwgen import costs
from hwgen.hdl.constant_multiplier import ConstantMultiplier
from hwgen.hdl.fabric_multiplier import FabricMultiplier
from hwgen.hdl.wide_multiplier import WideMultiplier


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


@pytest.mark.parametrize("a_width, b_width", [(18, 18), (12, 19), (18, 26), (24, 27), (35, 36), (17, 52), (30, 40)])
def test_a_wide_product_is_exact_after_its_latency(a_width: int, b_width: int) -> None:
    pairs = list(zip(operands(a_width, 40, 1), reversed(operands(b_width, 40, 2)), strict=True))
    unit = WideMultiplier(a_width, b_width)
    got = run(unit, unit.latency, [{"a": a, "b": b} for a, b in pairs])
    assert got == [a * b for a, b in pairs]


@pytest.mark.parametrize("a_width, b_width", [(1, 1), (9, 2), (12, 7), (18, 9)])
def test_a_fabric_product_is_exact_after_its_latency(a_width: int, b_width: int) -> None:
    pairs = list(zip(operands(a_width, 40, 3), reversed(operands(b_width, 40, 4)), strict=True))
    unit = FabricMultiplier(a_width, b_width)
    got = run(unit, unit.latency, [{"a": a, "b": b} for a, b in pairs])
    assert got == [a * b for a, b in pairs]


@pytest.mark.parametrize("factor", [0, 1, -1, 8, -3, 7, 12345, -98765, (1 << 25) - 3])
def test_a_product_with_a_constant_is_exact_after_its_latency(factor: int) -> None:
    values = operands(11, 20, 5)
    unit = ConstantMultiplier(11, factor)
    assert run(unit, unit.latency, [{"a": a} for a in values]) == [a * factor for a in values]


@pytest.mark.parametrize("factor", range(-70, 70))
def test_signed_digits_add_up_to_the_factor_and_have_no_neighbours(factor: int) -> None:
    digits = costs.signed_digits(factor)
    assert sum(digit << position for position, digit in digits) == factor
    assert all(b[0] - a[0] > 1 for a, b in zip(digits, digits[1:], strict=False))
