# SPDX-License-Identifier: Apache-2.0
"""Requantize by binary search in tables of thresholds: form thresholds."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Signal, Value

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.requantize.spec import ThresholdsSpec
from hwgen.kernels.requantize.unit_base import RequantizeUnit
from hwgen.kernels.requantize.unit_index import code_of_index


class ThresholdsUnit(RequantizeUnit):
    """Each step reads the threshold in the middle of what is left and compares.

    Memories ``thresholds_<step>_<lane>``: the word of channel group g after the bits b of the steps before stands at
    ``g * 2**step + b``. ``falling`` where only some channels fall.
    """

    spec: ThresholdsSpec

    def make_memories(self) -> dict[str, Memory]:
        s = self.spec
        memories = {}
        for step in range(s.index_bits):
            style = s.style(s.depth(step), s.threshold_bits)
            for lane in range(s.lanes):
                memories[f"thresholds_{step}_{lane}"] = Memory(
                    s.threshold_bits,
                    s.depth(step),
                    style=style,
                    output_register=style == "block",
                )
        if s.falling == "some":
            memories["falling"] = Memory(s.lanes, s.groups, style="logic")
        return memories

    def prepare(self, m: Module) -> None:
        if self.spec.falling == "some":
            self.falls = self.read(m, "falling", self.spec.latency - 1)

    def lane(self, m: Module, lane: int, accumulator: Value) -> Value:
        s = self.spec
        stage = 1
        waiting = delayed(m, accumulator, 1, f"accumulator_{lane}", reset_less=True)
        found: Value = Const(0, 0)
        for step in range(s.index_bits):
            cycles = s.step_latency(step)
            memory = self.memories[f"thresholds_{step}_{lane}"]
            position = self.positions[stage] if s.groups > 1 else Const(0, 0)
            m.d.comb += memory.address.eq(Cat(found, position))
            waiting = delayed(m, waiting, cycles - 1, f"waiting_{lane}_{step}", reset_less=True)
            kept = delayed(m, found, cycles - 1, f"kept_{lane}_{step}", reset_less=True) if step else found
            next_found = Signal(step + 1, name=f"found_{lane}_{step}", reset_less=True)
            m.d.sync += next_found.eq(Cat(waiting >= memory.data.as_signed(), kept))
            if step < s.index_bits - 1:
                waiting = delayed(m, waiting, 1, f"compared_{lane}_{step}", reset_less=True)
            found, stage = next_found, stage + cycles
        falls = Const(int(s.falling == "all")) if s.falling != "some" else self.falls[lane]
        return code_of_index(m, lane, found, falls, s)
