# SPDX-License-Identifier: Apache-2.0
"""Word addresses of two frames in a memory, by nested loops."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.loops import Loops


class Walk(wiring.Component):
    """Addresses of the words of a frame in the order of nested loops, frame after frame in alternate halves.

    step: go on to the next word. address: the present word (a register behind one adder). last: it is the last word of
    its frame. turns: the counters of the loops.
    """

    def __init__(self, loops: tuple[tuple[int, int], ...], words: int):
        self.loops, self.words = loops, words
        self.turns = Loops(tuple(count for count, _ in loops))
        super().__init__({"step": In(1), "address": Out(range(2 * words)), "last": Out(1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.loops = turns = self.turns
        m.d.comb += turns.step.eq(self.step)
        second_half = Signal()
        move = Signal(len(self.address))
        # What the inner loops have counted up is taken back, whatever loop goes on.
        back, inner_last = 0, Const(1)
        for k in reversed(range(len(self.loops))):
            count, step = self.loops[k]
            with m.If(inner_last & ~turns.last[k]):
                m.d.comb += move.eq(step - back)
            through = Signal(name=f"through_{k}")
            m.d.comb += through.eq(inner_last & turns.last[k])
            inner_last, back = through, back + (count - 1) * step
        with m.If(inner_last):
            m.d.comb += move.eq(Mux(second_half, -self.words - back, self.words - back))
        with m.If(self.step):
            m.d.sync += [self.address.eq(self.address + move), second_half.eq(second_half ^ inner_last)]
        m.d.comb += self.last.eq(inner_last)
        return m
