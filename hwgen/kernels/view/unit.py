# SPDX-License-Identifier: Apache-2.0
"""Reorder in hardware: two frames of memory, written in one order and read in another."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.view.folding import FILLED_DELAY, FRAMES, LATENCY, FrameSpec


class Walk(wiring.Component):
    """Addresses of the words of a frame in the order of nested loops, frame after frame in alternate halves.

    step: go on to the next word. address: the present word (a register behind one adder). last: it is the last word of
    its frame.
    """

    def __init__(self, loops: tuple[tuple[int, int], ...], words: int):
        self.loops, self.words = loops, words
        super().__init__({"step": In(1), "address": Out(range(FRAMES * words)), "last": Out(1)})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.loops = turns = Loops(tuple(count for count, _ in self.loops))
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


class FrameUnit(wiring.Component):
    """Takes and gives a beat a cycle, a frame apart. ``i``: beats in the given order; ``o``: the same in the new one."""

    def __init__(self, spec: FrameSpec):
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
        m.submodules.writes = writes = Walk(s.writes, s.words)
        m.submodules.reads = reads = Walk(s.reads, s.words)
        m.submodules.frames = frames = Memory(s.word_bits, FRAMES * s.words, output_register=True, writable=True)
        taking, giving = Signal(), Signal()
        free, filled = self._count_frames(m, taking & writes.last, giving & reads.last)
        m.d.comb += [
            self.i.ready.eq(free),
            taking.eq(free & self.i.valid),
            giving.eq(filled & self.o_space),
            self.o_reserve.eq(giving),
            writes.step.eq(taking),
            reads.step.eq(giving),
            frames.write_enable.eq(delayed(m, taking, 1, "taking")),
            frames.write_address.eq(delayed(m, writes.address, 1, "write_address", reset_less=True)),
            frames.write_data.eq(delayed(m, self.i.payload, 1, "held", reset_less=True)),
            frames.address.eq(reads.address),
            self.o.valid.eq(delayed(m, giving, LATENCY, "giving")),
            self.o.payload.eq(frames.data),
        ]
        return m

    def _count_frames(self, m: Module, written: Value, read: Value) -> tuple[Value, Value]:
        """(a frame of memory is free to be written, a frame is ready to be read).

        The half that is read out in this cycle is free at once: its last word is read now, and the first new one is
        written in the next cycle at the earliest.
        """
        free = Signal(range(FRAMES + 1), init=FRAMES)
        filled = Signal(range(FRAMES + 1))
        arrived = delayed(m, written, FILLED_DELAY - 1, "written")
        m.d.sync += [free.eq(free + read - written), filled.eq(filled + arrived - read)]
        return (free != 0) | read, filled != 0
