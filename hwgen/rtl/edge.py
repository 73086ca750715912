# SPDX-License-Identifier: Apache-2.0
"""AXI4-Stream at the edge of a design: lanes padded to bytes, frames marked by tlast."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, ResetSignal, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.plan.plan import Port


class AxisInput(wiring.Component):
    """Accepts a beat whenever the queue behind has room. `frame_error` stays up after a tlast in a wrong place.

    tlast is optional: a source that never raises it is left alone; one that does must raise it on the last beat of
    every frame and nowhere else.
    """

    def __init__(self, port: Port):
        self.port = port
        width = port.lanes * port.range.width
        super().__init__(
            {
                "tdata": In(port.lanes * port.lane_bits),
                "tvalid": In(1),
                "tready": Out(1),
                "tlast": In(1),
                "frame_error": Out(1),
                "o": Out(stream.Signature(unsigned(width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        port, accepted = self.port, Signal()
        codes = [self.tdata.word_select(k, port.lane_bits)[: port.range.width] for k in range(port.lanes)]
        m.d.comb += [
            self.tready.eq(self.o_space & ~ResetSignal()),
            accepted.eq(self.tvalid & self.tready),
            self.o_reserve.eq(accepted),
            self.o.valid.eq(accepted),
            self.o.payload.eq(Cat(*codes)),
        ]
        beat = Signal(range(port.beats))
        at_last = Signal(init=int(port.beats == 1))
        marked = Signal()
        with m.If(accepted):
            if port.beats > 1:
                m.d.sync += [beat.eq(beat + 1), at_last.eq(beat == port.beats - 2)]
                with m.If(at_last):
                    m.d.sync += [beat.eq(0), at_last.eq(0)]
            m.d.sync += marked.eq(marked | self.tlast)
            with m.If((self.tlast & ~at_last) | (marked & at_last & ~self.tlast)):
                m.d.sync += self.frame_error.eq(1)
        return m


class AxisOutput(wiring.Component):
    """Offers the beats of a queue with every lane sign- or zero-extended to whole bytes."""

    def __init__(self, port: Port):
        self.port = port
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(port.lanes * port.range.width))),
                "tdata": Out(port.lanes * port.lane_bits),
                "tvalid": Out(1),
                "tready": In(1),
                "tlast": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        port, taken = self.port, Signal()
        m.d.comb += [
            self.tvalid.eq(self.i.valid & ~ResetSignal()),
            self.i.ready.eq(self.tready & ~ResetSignal()),
            taken.eq(self.tvalid & self.tready),
        ]
        for k in range(port.lanes):
            code = self.i.payload.word_select(k, port.range.width)
            m.d.comb += self.tdata.word_select(k, port.lane_bits).eq(code.as_signed() if port.range.signed else code)
        beat = Signal(range(port.beats))
        at_last = Signal(init=int(port.beats == 1))
        m.d.comb += self.tlast.eq(at_last)
        if port.beats > 1:
            with m.If(taken):
                m.d.sync += [beat.eq(beat + 1), at_last.eq(beat == port.beats - 2)]
                with m.If(at_last):
                    m.d.sync += [beat.eq(0), at_last.eq(0)]
        return m
