# SPDX-License-Identifier: Apache-2.0
"""Slice in hardware: a filter that knows one cycle ahead whether it keeps a beat."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.kernels.select.folding import LATENCY, FilterSpec


class FilterUnit(wiring.Component):
    """Takes a beat a cycle; a beat that is dropped needs no room behind. ``i``: the operand; ``o``: the kept beats."""

    def __init__(self, spec: FilterSpec):
        self.spec = spec
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.word_bits))),
                "o": Out(stream.Signature(unsigned(spec.word_bits), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        fire, able = Signal(), Signal()
        m.submodules.loops = loops = Loops((s.blocks, s.beats))
        kept = self._kept(m, fire & loops.last[1], loops.count[0])
        m.d.comb += [
            able.eq(~kept | self.o_space),
            fire.eq(self.i.valid & able),
            self.i.ready.eq(able),
            self.o_reserve.eq(fire & kept),
            loops.step.eq(fire),
        ]
        m.d.comb += self.o.valid.eq(delayed(m, self.o_reserve, LATENCY, "giving"))
        m.d.comb += self.o.payload.eq(delayed(m, self.i.payload, LATENCY, "held", reset_less=True))
        return m

    def _kept(self, m: Module, turn: Value, block: Value) -> Value:
        """Whether the present block is kept; `turn` goes on to the next one."""
        s = self.spec
        if s.step == 1 and s.last - s.start == s.blocks - 1:
            return Const(1)
        begins, ends = block == (s.start - 1) % s.blocks, block == s.last
        inside = Signal(init=s.start == 0)
        with m.If(turn & ends):
            m.d.sync += inside.eq(0)
        with m.If(turn & begins):
            m.d.sync += inside.eq(1)
        if s.step == 1:
            return inside
        phase = Signal(range(s.step))
        kept = Signal(init=s.start == 0)
        with m.If(turn):
            m.d.sync += [phase.eq(phase + 1), kept.eq(inside & ~ends & (phase == s.step - 1))]
            with m.If(phase == s.step - 1):
                m.d.sync += phase.eq(0)
            with m.If(begins):
                m.d.sync += [phase.eq(0), kept.eq(1)]
        return kept
