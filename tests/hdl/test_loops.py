# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from itertools import product

import pytest

from hwgen.hdl.loops import Loops
from tests.hdl.bench import simulate


def state(context, loops: Loops) -> list[tuple[int, int, int]]:
    return [tuple(map(context.get, each)) for each in zip(loops.count, loops.first, loops.last, strict=True)]


def turns(extents: tuple[int, ...]) -> list[list[tuple[int, int, int]]]:
    return [
        [(k, k == 0, k == extent - 1) for k, extent in zip(turn, extents, strict=True)]
        for turn in product(*map(range, extents))
    ]


@pytest.mark.parametrize("extents", [(1,), (2,), (3, 1, 2), (2, 2, 2), (1, 4), (5, 3), (2, 1)])
def test_counters_and_end_flags_follow_the_nested_loops_and_wait_without_a_step(extents: tuple[int, ...]) -> None:
    loops = Loops(extents)

    async def testbench(context, reset) -> None:
        for k, turn in enumerate(turns(extents) * 2):
            context.set(loops.step, 0)
            for _ in range(k % 3):
                assert state(context, loops) == turn
                await context.tick()
            assert state(context, loops) == turn
            context.set(loops.step, 1)
            await context.tick()

    simulate(loops, testbench)


def test_reset_goes_back_to_the_first_turn() -> None:
    loops = Loops((2, 3))

    async def testbench(context, reset) -> None:
        context.set(loops.step, 1)
        for _ in range(5):
            await context.tick()
        context.set(reset, 1)
        await context.tick()
        context.set(reset, 0)
        for turn in turns((2, 3)):
            assert state(context, loops) == turn
            await context.tick()

    simulate(loops, testbench)


def test_a_nest_can_start_anywhere_and_wraps_to_its_first_turn() -> None:
    loops = Loops((2, 1, 3), (1, 0, 1))

    async def testbench(context, reset) -> None:
        context.set(loops.step, 1)
        for turn in (turns((2, 1, 3)) * 2)[4:]:
            assert state(context, loops) == turn
            await context.tick()

    simulate(loops, testbench)
