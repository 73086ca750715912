# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.hdl.gearbox import Gather, Narrow, Serializer, Widen
from tests.hdl.bench import simulate, transfers


def joined(beats: list[int], width: int, factor: int) -> list[int]:
    groups = (beats[k : k + factor] for k in range(0, len(beats), factor))
    return [sum(beat << (width * k) for k, beat in enumerate(group)) for group in groups]


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_widen_joins_beats_with_the_first_in_the_low_bits(factor: int, stall: float) -> None:
    beats = [k * 7 % 16 for k in range(1, 6 * factor + 1)]
    given, _ = transfers(Widen(4, factor), beats, 6, stall=stall)
    assert [payload for _, payload in given] == joined(beats, 4, factor)


@pytest.mark.parametrize("factor", [1, 2, 3, 5])
@pytest.mark.parametrize("stall", [0.0, 0.4])
def test_narrow_hands_out_low_bits_first(factor: int, stall: float) -> None:
    beats = [k * 7 % 16 for k in range(1, 6 * factor + 1)]
    given, _ = transfers(Narrow(4, factor), joined(beats, 4, factor), len(beats), stall=stall)
    assert [payload for _, payload in given] == beats


def test_widen_passes_the_last_beat_on_in_the_cycle_it_comes() -> None:
    given, taken = transfers(Widen(4, 3), list(range(9)), 3)
    assert taken == list(range(9)) and [cycle for cycle, _ in given] == [2, 5, 8]


def test_narrow_takes_its_beat_with_the_last_part_and_leaves_no_gap() -> None:
    given, taken = transfers(Narrow(4, 3), [0x321, 0x654], 6)
    assert [cycle for cycle, _ in given] == list(range(6)) and taken == [2, 5]


def test_widen_takes_early_beats_while_its_output_is_blocked() -> None:
    widen = Widen(4, 3)

    async def testbench(context, reset) -> None:
        context.set(widen.i.valid, 1)
        ready = []
        for _ in range(5):
            ready.append(context.get(widen.i.ready))
            await context.tick()
        assert ready == [1, 1, 0, 0, 0]

    simulate(widen, testbench)


@pytest.mark.parametrize("gearbox", [Widen(4, 3), Narrow(4, 3)])
def test_a_reset_in_mid_word_starts_a_new_word(gearbox) -> None:
    async def testbench(context, reset) -> None:
        context.set(gearbox.i.valid, 1)
        context.set(gearbox.o.ready, 1)
        await context.tick()
        context.set(reset, 1)
        await context.tick()
        context.set(reset, 0)
        word = [context.get(gearbox.o.valid & gearbox.i.ready)]
        for _ in range(2):
            await context.tick()
            word.append(context.get(gearbox.o.valid & gearbox.i.ready))
        assert word == [0, 0, 1]

    simulate(gearbox, testbench)


@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("pause", [0, 1, 5])
def test_a_serializer_gives_part_k_one_plus_k_cycles_after_the_beat(factor: int, pause: int) -> None:
    serializer, period = Serializer(4, factor), factor + pause
    parts = [k * 5 % 16 for k in range(4 * factor)]
    words, given = joined(parts, 4, factor), []

    async def testbench(context, reset) -> None:
        for cycle in range(4 * period + factor + 3):
            word, phase = divmod(cycle, period)
            context.set(serializer.i.valid, phase == 0 and word < 4)
            context.set(serializer.i.payload, words[word] if phase == 0 and word < 4 else 0)
            if context.get(serializer.o.valid):
                given.append((cycle, context.get(serializer.o.payload)))
            await context.tick()

    simulate(serializer, testbench)
    assert given == [(k // factor * period + k % factor + 1, part) for k, part in enumerate(parts)]


@pytest.mark.parametrize("factor", [1, 2, 5])
@pytest.mark.parametrize("pause", [0, 2])
def test_gather_joins_beats_in_the_cycle_of_the_last_one(factor: int, pause: int) -> None:
    gather, period = Gather(4, factor), 1 + pause
    parts, given = [k * 5 % 16 for k in range(1, 3 * factor + 1)], []

    async def testbench(context, reset) -> None:
        for cycle in range(len(parts) * period):
            part, phase = divmod(cycle, period)
            context.set(gather.i.valid, phase == 0)
            context.set(gather.i.payload, parts[part] if phase == 0 else 15)
            if context.get(gather.o.valid):
                given.append((cycle, context.get(gather.o.payload)))
            await context.tick()

    simulate(gather, testbench)
    assert given == [((k + 1) * factor * period - period, word) for k, word in enumerate(joined(parts, 4, factor))]
