# SPDX-License-Identifier: Apache-2.0
"""A small Amaranth design with everything that is hard to print: a state machine, a table, array fields, twins."""

from __future__ import annotations

from amaranth.back import rtlil
from amaranth.hdl import Module, Mux, Signal, signed, unsigned
from amaranth.lib import data, memory, stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.multiplier import Multiplier


class _Delay(wiring.Component):
    def __init__(self):
        super().__init__({"a": In(4), "y": Out(4)})

    def elaborate(self, platform):
        m = Module()
        m.d.sync += self.y.eq(self.a)
        return m


class Blend(wiring.Component):
    """Takes a pair of 4-bit numbers while it runs, and gives their blend one cycle later."""

    def __init__(self):
        super().__init__({"i": In(stream.Signature(unsigned(8))), "entry": Out(6), "o": Out(signed(12))})

    def elaborate(self, platform):
        m = Module()
        m.submodules.store = store = memory.Memory(shape=6, depth=4, init=[9, 4, 7, 1])
        m.submodules.early = early = _Delay()
        m.submodules.late = late = _Delay()
        m.submodules.product = product = Multiplier(4, 4)
        pair = Signal(data.ArrayLayout(signed(4), 2))
        fields = Signal(data.ArrayLayout(signed(6), 2))
        count = Signal(2)
        read = store.read_port()
        m.d.comb += [pair.as_value().eq(self.i.payload), read.addr.eq(count), self.entry.eq(read.data)]
        m.d.comb += [early.a.eq(pair[0]), late.a.eq(early.y), product.a.eq(pair[0]), product.b.eq(pair[1])]
        with m.FSM(name="control"):
            with m.State("WAIT"), m.If(self.i.valid):
                m.next = "RUN"
            with m.State("RUN"):
                m.d.comb += self.i.ready.eq(1)
                m.d.sync += count.eq(count + 1)
                with m.If(count == 3):
                    m.next = "WAIT"
        m.d.sync += [fields[k].eq(Mux(pair[k] > 2, pair[k] + fields[k], pair[1 - k])) for k in range(2)]
        m.d.sync += self.o.eq((fields[0] * 3 + late.y) + product.y)
        return m


def blend_rtlil() -> str:
    return rtlil.convert(Blend(), name="blend", platform="verilog", emit_src=True)
