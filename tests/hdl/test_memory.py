# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re

import pytest
from amaranth.back import rtlil

from hwgen.hdl.memory import Memory
from tests.hdl.bench import simulate

pytestmark = pytest.mark.filterwarnings("ignore::amaranth.hdl.UnusedElaboratable")


@pytest.mark.parametrize("output_register", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 5, 16])
def test_every_word_comes_after_the_latency_in_a_full_pipeline(depth: int, output_register: bool) -> None:
    memory = Memory(12, depth, output_register=output_register)
    words = [(k * 1021 + 7) % 4096 for k in range(depth)]
    memory.load(words, "")
    addresses = [k * 3 % depth for k in range(2 * depth)]

    async def testbench(context, reset) -> None:
        for cycle in range(len(addresses) + memory.latency):
            if cycle >= memory.latency:
                assert context.get(memory.data) == words[addresses[cycle - memory.latency]]
            context.set(memory.address, addresses[min(cycle, len(addresses) - 1)])
            await context.tick()

    simulate(memory, testbench)
    assert memory.latency == 1 + output_register


def test_a_written_word_can_be_read_in_the_next_cycle() -> None:
    memory = Memory(8, 4, writable=True)

    async def testbench(context, reset) -> None:
        context.set(memory.write_enable, 1)
        context.set(memory.write_address, 3)
        context.set(memory.write_data, 0x5A)
        await context.tick()
        context.set(memory.write_enable, 0)
        context.set(memory.write_data, 0xFF)
        context.set(memory.address, 3)
        await context.tick()
        assert context.get(memory.data) == 0x5A
        await context.tick()
        assert context.get(memory.data) == 0x5A

    simulate(memory, testbench)


def test_only_a_writable_memory_has_a_write_port() -> None:
    assert "write_enable" in Memory(8, 4, writable=True).signature.members
    assert "write_enable" not in Memory(8, 4).signature.members


def test_contents_of_another_depth_are_refused() -> None:
    with pytest.raises(ValueError, match="memory of 4 words cannot hold 3"):
        Memory(8, 4).load([1, 2, 3], "words.hex")


@pytest.mark.parametrize(
    "memory, style",
    [
        (Memory(8, 256), "block"),
        (Memory(8, 255), "logic"),
        (Memory(8, 255, writable=True), "distributed"),
        (Memory(8, 4, style="block"), "block"),
        (Memory(64, 512, style="logic"), "logic"),
    ],
)
def test_emitted_verilog_gets_the_style_that_the_plan_is_priced_with(memory: Memory, style: str) -> None:
    memory.load([0] * memory.depth, "words.hex")
    text = rtlil.convert(memory, name="memory", platform="emitted", emit_src=False)
    assert re.findall(r'parameter \\STYLE "(\w+)"', text) == [style]
