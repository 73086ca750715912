# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest
from amaranth.hdl import Module, Signal, signed

from hwgen.hdl.rounding import clamp, rounding_shift
from hwgen.numerics.range import IntRange
from tests.hdl.bench import simulate

VALUES = list(range(-40, 40))


def stream_through(shift: int, ties: str) -> list[int]:
    """Every value, shifted, clamped to -4 .. 3 and read after its latency."""
    m = Module()
    total = Signal(signed(8))
    shifted = rounding_shift(m, total, shift, ties, "total")  # type: ignore[arg-type]
    out = clamp(m, shifted, IntRange(-40, 40), IntRange(-4, 3), signed(3), "code")
    latency = 1 if ties == "up" else 2
    results: list[int] = []

    async def bench(context, reset) -> None:  # type: ignore[no-untyped-def]
        for cycle in range(len(VALUES) + latency):
            context.set(total, VALUES[min(cycle, len(VALUES) - 1)])
            if cycle >= latency:
                results.append(context.get(out))
            await context.tick()

    simulate(m, bench)
    return results


@pytest.mark.parametrize("shift", [0, 1, 3])
@pytest.mark.parametrize("ties", ["up", "even", "odd"])
def test_ties_round_as_named_and_the_ends_are_clamped(shift: int, ties: str) -> None:
    step = 1 << shift
    turn = {
        "up": lambda v: v // step,
        "even": lambda v: round(Fraction(v, step)),
        "odd": lambda v: round(Fraction(v, step) + 1) - 1,
    }
    assert stream_through(shift, ties) == [min(max(turn[ties](v), -4), 3) for v in VALUES]
