# SPDX-License-Identifier: Apache-2.0
"""Reorder in hardware: two frames of memory, written in one order and read in another."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.hdl.walk import Walk
from hwgen.kernels.view.folding import FILLED_DELAY, FRAMES, LATENCY, FrameSpec


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
