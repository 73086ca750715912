# SPDX-License-Identifier: Apache-2.0
"""Maximum or sum over taps that arrive one after the other."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.pool.folding import SerialSpec


class SerialUnit(wiring.Component):
    """Takes a beat in every cycle; the beats of the last tap give one each.

    ``i``: lanes elements, for each tap `words` beats; ``o``: lanes results. Each lane has `words` accumulators that
    take turns, as a chain of registers or in a memory.
    """

    def __init__(self, spec: SerialSpec):
        self.spec = spec
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.lanes * spec.x.width))),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        step, depth = Signal(name="step"), s.latency - 1
        m.submodules.loops = loops = Loops((s.taps, s.words))
        first_tap, last_tap = loops.first[0], loops.last[0]
        m.d.comb += [
            self.i.ready.eq(~last_tap | self.o_space),
            step.eq(self.i.valid & (~last_tap | self.o_space)),
            self.o_reserve.eq(step & last_tap),
            loops.step.eq(step),
            self.o.valid.eq(delayed(m, step & last_tap, s.latency, "given")),
        ]
        arrived = delayed(m, self.i.payload, depth, "arrived", reset_less=True)
        first = delayed(m, first_tap, depth, "first_tap", reset_less=True)
        held = Signal(s.lanes * s.out.width, name="held")
        result = Signal(s.lanes * s.out.width, reset_less=True, name="result")
        stepped = delayed(m, step, depth, "stepped")
        with m.If(stepped):
            m.d.sync += result.eq(Cat(*(self._lane(m, k, arrived, held, first) for k in range(s.lanes))))
        if s.storage == "registers":
            m.d.comb += held.eq(self._chain(m, result, stepped))
        else:
            m.d.comb += held.eq(self._memory(m, result, stepped, loops.count[1]))
        m.d.comb += self.o.payload.eq(result)
        return m

    def _lane(self, m: Module, lane: int, arrived: Value, held: Value, first: Value) -> Value:
        """The accumulator of a lane with the element that has arrived."""
        x, out = self.spec.x, self.spec.out
        code, sofar = arrived.word_select(lane, x.width), held.word_select(lane, out.width)
        element = code.as_signed() if x.signed else code
        accumulator = sofar.as_signed() if out.signed else sofar
        joined = Signal(out.width, name=f"joined_{lane}")
        if self.spec.kind == "sum":
            m.d.comb += joined.eq(Mux(first, 0, accumulator) + element)
        else:
            m.d.comb += joined.eq(Mux(first | (element > accumulator), element, accumulator))
        return joined

    def _chain(self, m: Module, result: Value, stepped: Value) -> Value:
        """The result of `words` steps ago."""
        for k in range(1, self.spec.words):
            older = Signal(len(result), reset_less=True, name=f"result_{k}")
            with m.If(stepped):
                m.d.sync += older.eq(result)
            result = older
        return result

    def _memory(self, m: Module, result: Value, stepped: Value, word: Value) -> Value:
        """The accumulators of the channel block that has arrived."""
        s = self.spec
        style = "block" if s.storage == "block" else "distributed"
        m.submodules.accumulators = memory = Memory(
            len(result), s.words, style=style, output_register=style == "block", writable=True
        )
        m.d.comb += [
            memory.address.eq(word),
            memory.write_enable.eq(delayed(m, stepped, 1, "write_enable")),
            memory.write_address.eq(delayed(m, word, s.latency, "write_address", reset_less=True)),
            memory.write_data.eq(result),
        ]
        return memory.data
