# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import random

import pytest

from hwgen.hdl.queue import PREFETCH_DEPTH, PREFETCH_LATENCY, Queue
from hwgen.plan import timing
from tests.hdl.bench import simulate

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")
OFFERED_AFTER = {"distributed": 1, "block": 4}


def reserve_and_bring(context, queue: Queue, payload: int) -> None:
    context.set(queue.reserve, 1)
    context.set(queue.i.valid, 1)
    context.set(queue.i.payload, payload)


def idle(context, queue: Queue) -> None:
    context.set(queue.reserve, 0)
    context.set(queue.i.valid, 0)


@pytest.mark.parametrize("style", ["distributed", "block"])
def test_a_beat_is_offered_in_the_promised_cycle_and_kept_until_it_is_taken(style) -> None:
    queue = Queue(8, 6, style)

    async def testbench(context, reset) -> None:
        reserve_and_bring(context, queue, 0xA5)
        for _ in range(OFFERED_AFTER[style]):
            assert not context.get(queue.o.valid)
            await context.tick()
            idle(context, queue)
        for _ in range(3):
            assert (context.get(queue.o.valid), context.get(queue.o.payload)) == (1, 0xA5)
            await context.tick()
        context.set(queue.o.ready, 1)
        await context.tick()
        assert not context.get(queue.o.valid)

    simulate(queue, testbench)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 7])
def test_room_is_lent_out_depth_times_and_comes_back_one_cycle_after_a_beat_left(depth: int) -> None:
    queue = Queue(4, depth)

    async def testbench(context, reset) -> None:
        for k in range(depth):
            assert context.get(queue.space), k
            reserve_and_bring(context, queue, k)
            await context.tick()
        idle(context, queue)
        for _ in range(3):
            assert not context.get(queue.space)
            await context.tick()
        context.set(queue.o.ready, 1)
        assert context.get(queue.o.payload) == 0 and not context.get(queue.space)
        await context.tick()
        assert context.get(queue.space)

    simulate(queue, testbench)


def test_a_burst_is_reserved_only_when_all_of_it_has_room() -> None:
    queue = Queue(4, 5, burst=2)

    async def testbench(context, reset) -> None:
        seen = []
        for cycle in range(12):
            context.set(queue.reserve, cycle < 4 and context.get(queue.space))
            context.set(queue.i.valid, 1 <= cycle < 5)
            context.set(queue.o.ready, cycle == 8)
            seen.append(context.get(queue.space))
            await context.tick()
        # two bursts fit into five places; the fifth place is half a burst, and a beat that leaves completes it
        assert seen == [1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1]

    simulate(queue, testbench)


def test_parts_of_a_beat_take_room_once_and_only_the_first_of_them_waits_for_it() -> None:
    queue = Queue(4, 2, gather=3)

    async def testbench(context, reset) -> None:
        seen = []
        for cycle in range(14):
            space = context.get(queue.space)
            context.set(queue.reserve, space)
            context.set(queue.i.valid, cycle in (2, 5))
            context.set(queue.o.ready, cycle == 8)
            seen.append(space)
            await context.tick()
        # two beats of three parts fit; the beat taken in cycle 8 makes room for three more parts
        assert seen == [1, 1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0]

    simulate(queue, testbench)


@pytest.mark.parametrize("style", ["distributed", "block"])
@pytest.mark.parametrize("depth, latency, stall", [(1, 0, 0.3), (3, 2, 0.3), (8, 5, 0.5), (16, 3, 0.1), (5, 1, 0.7)])
def test_random_traffic_keeps_order_and_never_exceeds_the_room(style, depth: int, latency: int, stall: float) -> None:
    queue, sent, received = Queue(10, depth, style), [], []

    async def testbench(context, reset) -> None:
        chance = random.Random(depth)
        pipeline: list[int | None] = [None] * latency
        for _ in range(400):
            fires = bool(context.get(queue.space)) and chance.random() >= stall
            if fires:
                sent.append(chance.randrange(1 << 10))
            pipeline.append(sent[-1] if fires else None)
            beat = pipeline.pop(0)
            context.set(queue.reserve, fires)
            context.set(queue.i.valid, beat is not None)
            context.set(queue.i.payload, beat or 0)
            context.set(queue.o.ready, chance.random() >= stall)
            if context.get(queue.o.valid & queue.o.ready):
                received.append(context.get(queue.o.payload))
            assert len(sent) - len(received) <= depth + (PREFETCH_DEPTH if style == "block" else 0)
            await context.tick()

    simulate(queue, testbench)
    assert len(received) > 20 and received == sent[: len(received)]


@pytest.mark.parametrize("style, depth", [("distributed", 2), ("block", 4)])
def test_a_small_queue_passes_a_beat_in_every_cycle(style, depth: int) -> None:
    queue, taken = Queue(8, depth, style), []

    async def testbench(context, reset) -> None:
        context.set(queue.o.ready, 1)
        for cycle in range(40):
            space = context.get(queue.space)
            context.set(queue.reserve, space)
            context.set(queue.i.valid, space)
            if context.get(queue.o.valid):
                taken.append(cycle)
            await context.tick()

    simulate(queue, testbench)
    assert taken == list(range(OFFERED_AFTER[style], 40))


@pytest.mark.parametrize("style", ["distributed", "block"])
def test_reset_empties_the_queue_and_gives_all_room_back(style) -> None:
    queue = Queue(8, 3, style)

    async def testbench(context, reset) -> None:
        for k in range(3):
            reserve_and_bring(context, queue, k)
            await context.tick()
        idle(context, queue)
        context.set(reset, 1)
        await context.tick()
        context.set(reset, 0)
        for _ in range(6):
            assert not context.get(queue.o.valid) and context.get(queue.space)
            await context.tick()

    simulate(queue, testbench)


def test_the_planner_knows_the_prefetch_of_a_block_queue() -> None:
    assert (timing.PREFETCH_DEPTH, timing.PREFETCH_LATENCY) == (PREFETCH_DEPTH, PREFETCH_LATENCY)


def test_a_queue_smaller_than_its_burst_is_refused() -> None:
    with pytest.raises(ValueError, match="Queue of 2 beats cannot lend room for 3"):
        Queue(8, 2, burst=3)
    with pytest.raises(ValueError, match="4 beats or 2ths of one"):
        Queue(8, 8, burst=4, gather=2)
