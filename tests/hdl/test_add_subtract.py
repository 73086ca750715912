# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from hwgen.hdl.add_subtract import AddSubtract
from tests.hdl.bench import simulate


def test_sums_and_differences_of_all_pairs_wrap() -> None:
    dut = AddSubtract(3)
    found, expected = [], []

    async def bench(context, reset) -> None:  # type: ignore[no-untyped-def]
        for a in range(-4, 4):
            for b in range(-4, 4):
                for subtract in (0, 1):
                    context.set(dut.a, a)
                    context.set(dut.b, b)
                    context.set(dut.subtract, subtract)
                    found.append(context.get(dut.y))
                    expected.append((a + (-b if subtract else b) + 4) % 8 - 4)

    simulate(dut, bench)
    assert found == expected
