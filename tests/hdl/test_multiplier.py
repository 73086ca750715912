# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import product

import pytest

from hwgen.hdl.multiplier import Multiplier
from tests.hdl.bench import simulate

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


def corners(bits: int) -> list[int]:
    return sorted({-(1 << (bits - 1)), -1, 0, (1 << (bits - 1)) - 1})


@pytest.mark.parametrize("a_width, b_width", [(1, 1), (3, 18), (9, 8), (18, 18)])
def test_every_corner_product_comes_two_cycles_later(a_width: int, b_width: int) -> None:
    multiplier = Multiplier(a_width, b_width)
    pairs = list(product(corners(a_width), corners(b_width)))

    async def testbench(context, reset) -> None:
        for cycle in range(len(pairs) + Multiplier.latency):
            if cycle >= Multiplier.latency:
                a, b = pairs[cycle - Multiplier.latency]
                assert context.get(multiplier.y) == a * b
            a, b = pairs[min(cycle, len(pairs) - 1)]
            context.set(multiplier.a, a)
            context.set(multiplier.b, b)
            await context.tick()

    simulate(multiplier, testbench)
    assert Multiplier.latency == 2


@pytest.mark.parametrize("widths", [(19, 8), (8, 19), (0, 4)])
def test_operands_that_do_not_fit_a_block_are_refused(widths: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="1 to 18 bits"):
        Multiplier(*widths)
