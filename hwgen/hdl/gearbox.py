# SPDX-License-Identifier: Apache-2.0
"""Lane converters between a queue and the unit behind it. They add no cycle of their own."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out


class Widen(wiring.Component):
    """Joins `factor` beats into one; the last of them passes straight through, the others wait in registers."""

    def __init__(self, width: int, factor: int):
        self.width, self.factor = width, factor
        super().__init__(
            {"i": In(stream.Signature(unsigned(width))), "o": Out(stream.Signature(unsigned(width * factor)))}
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        count = Signal(range(self.factor))
        last = Signal()
        held = [Signal(self.width, name=f"held_{k}", reset_less=True) for k in range(self.factor - 1)]
        m.d.comb += [
            last.eq(count == self.factor - 1),
            self.o.valid.eq(self.i.valid & last),
            self.o.payload.eq(Cat(*held, self.i.payload)),
            self.i.ready.eq(~last | self.o.ready),
        ]
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += count.eq(0)
            with m.If(~last):
                m.d.sync += count.eq(count + 1)
                m.d.sync += Cat(held).eq(Cat(*held[1:], self.i.payload))
        return m


class Narrow(wiring.Component):
    """Hands out one beat as `factor` beats, low lanes first, and takes it with the last of them."""

    def __init__(self, width: int, factor: int):
        self.width, self.factor = width, factor
        super().__init__(
            {"i": In(stream.Signature(unsigned(width * factor))), "o": Out(stream.Signature(unsigned(width)))}
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        count = Signal(range(self.factor))
        last = Signal()
        m.d.comb += [
            last.eq(count == self.factor - 1),
            self.o.valid.eq(self.i.valid),
            self.i.ready.eq(self.o.ready & last),
        ]
        with m.Switch(count):
            for k in range(self.factor):
                with m.Case(k) if k < self.factor - 1 else m.Default():
                    m.d.comb += self.o.payload.eq(self.i.payload.word_select(k, self.width))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += count.eq(0)
            with m.If(~last):
                m.d.sync += count.eq(count + 1)
        return m


class Gather(wiring.Component):
    """`Widen` without backpressure, in front of a queue: the last of `factor` beats completes one."""

    def __init__(self, width: int, factor: int):
        self.width, self.factor = width, factor
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width), always_ready=True)),
                "o": Out(stream.Signature(unsigned(width * factor), always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        held = Signal(self.width * (self.factor - 1), reset_less=True)
        count = Signal(range(self.factor))
        last = Signal()
        m.d.comb += [
            last.eq(count == self.factor - 1),
            self.o.valid.eq(self.i.valid & last),
            self.o.payload.eq(Cat(held, self.i.payload)),
        ]
        with m.If(self.i.valid):
            m.d.sync += [held.eq(Cat(held, self.i.payload)[self.width :]), count.eq(count + 1)]
            with m.If(last):
                m.d.sync += count.eq(0)
        return m


class Serializer(wiring.Component):
    """`Narrow` without backpressure, for use inside a pipeline: a beat every `factor` cycles at most comes in."""

    def __init__(self, width: int, factor: int):
        self.width, self.factor = width, factor
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width * factor), always_ready=True)),
                "o": Out(stream.Signature(unsigned(width), always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        held = Signal(self.width * self.factor, reset_less=True)
        left = Signal(range(self.factor + 1))
        m.d.comb += [self.o.valid.eq(left != 0), self.o.payload.eq(held[: self.width])]
        with m.If(self.i.valid):
            m.d.sync += [held.eq(self.i.payload), left.eq(self.factor)]
        with m.Elif(left != 0):
            m.d.sync += [held.eq(held >> self.width), left.eq(left - 1)]
        return m
