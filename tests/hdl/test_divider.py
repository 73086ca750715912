# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest
from amaranth.hdl import Elaboratable, Module, Signal

from hwgen import costs
from hwgen.hdl.divider import divide_rounded
from tests.hdl.bench import simulate


class Dividers(Elaboratable):
    """Two numerators over one denominator."""

    def __init__(self, numerator_bits: int, denominator_bits: int, bits: int):
        self.numerators = [Signal(numerator_bits, name=f"n{k}") for k in range(2)]
        self.denominator, self.bits = Signal(denominator_bits), bits
        self.quotients = [Signal(bits, name=f"q{k}") for k in range(2)]

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        found = divide_rounded(m, self.numerators, self.denominator, self.bits, "d")
        m.d.comb += [q.eq(f) for q, f in zip(self.quotients, found, strict=True)]
        return m


def rounded(numerator: int, denominator: int) -> int:
    quotient, rest = divmod(2 * numerator + denominator, 2 * denominator)
    return quotient - (rest == 0 and quotient & 1)


def cases(denominator_bits: int, bits: int) -> list[tuple[int, int, int]]:
    """All ties and near ties of some denominators, then random ones."""
    rng = random.Random(bits)
    found = []
    most = (1 << denominator_bits) - 1
    for denominator in (*range(1, min(most, 3) + 1), most, *(rng.randint(1, most) for _ in range(9))):
        for quotient in (0, 1, 2, (1 << bits) - 2, rng.randrange(1 << bits)):
            for off in (-1, 0, 1):
                numerator = max(0, (2 * quotient + 1) * denominator // 2 + off)
                if max(rounded(numerator, denominator), quotient) < 1 << bits:
                    found.append((numerator, quotient * denominator, denominator))
    return found


@pytest.mark.parametrize("denominator_bits, bits", [(1, 1), (5, 3), (31, 9)])
def test_quotients_are_rounded_half_to_even_a_fixed_number_of_cycles_later(denominator_bits: int, bits: int) -> None:
    unit, wanted = Dividers(denominator_bits + bits, denominator_bits, bits), cases(denominator_bits, bits)
    latency = costs.divider_latency(bits)

    async def testbench(context, reset) -> None:
        for cycle in range(len(wanted) + latency):
            if cycle >= latency:
                a, b, d = wanted[cycle - latency]
                assert [context.get(q) for q in unit.quotients] == [rounded(a, d), rounded(b, d)]
            a, b, d = wanted[min(cycle, len(wanted) - 1)]
            for signal, value in zip((*unit.numerators, unit.denominator), (a, b, d), strict=True):
                context.set(signal, value)
            await context.tick()

    simulate(unit, testbench)
