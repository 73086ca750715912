# SPDX-License-Identifier: Apache-2.0
"""The window whose taps leave one after the other, out of a circular buffer that is written at the same time."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.window.folding import SERIAL_LATENCY, SerialSpec
from hwgen.numerics.range import IntRange


class SerialUnit(wiring.Component):
    """One tap of `lanes` channels a cycle, without a bubble between taps, positions, rows and frames.

    ``i``: lanes elements, channels last; ``o``: lanes elements of one tap. Registers describe the event that comes
    next: whether it reads the padding, how far the writer is ahead of it, its address. What they become when it
    happens is made ready one event ahead by `loops`, which therefore stand one event further.
    """

    def __init__(self, spec: SerialSpec):
        self.spec, self.ring = spec, spec.ring
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
        issue, written = Signal(name="issue"), Signal(name="written")
        loops = [loop.extent for loop in self.ring.loops]
        second = np.unravel_index(1, loops)
        m.submodules.loops = self.loops = Loops(tuple(loops), tuple(int(k) for k in second))
        m.d.comb += self.loops.step.eq(issue)
        outside = self._outside(m, issue)
        behind = self._behind(m, issue, written)
        m.d.comb += [issue.eq((outside | ~behind) & self.o_space), self.o_reserve.eq(issue)]
        m.submodules.buffer = buffer = Memory(len(self.i.payload), self.spec.depth, output_register=True, writable=True)
        m.d.comb += buffer.address.eq(self._address(m, issue))
        self._write(m, buffer, written, self._freed(m, issue))
        m.d.comb += self.o.valid.eq(delayed(m, issue, SERIAL_LATENCY, "issued"))
        self._give(m, buffer.data, delayed(m, outside, SERIAL_LATENCY, "outside", reset_less=True))
        return m

    def _turning(self, steps: tuple[int, ...]) -> Value:
        """The step of the loop that turns after the event at which the loops stand."""
        shape = signed(_signed_bits(steps))
        step: Value = Const(steps[-1], shape)
        for loop, last, own in zip(self.ring.loops, self.loops.last, steps, strict=False):
            if loop.extent > 1:
                step = Mux(last, step, Const(own, shape))
        return step

    def _first_turn(self, steps: tuple[int, ...]) -> int:
        """The step after the first event of a frame: of the innermost loop that turns at all."""
        return next(s for loop, s in list(zip(self.ring.loops, steps, strict=False))[::-1] if loop.extent > 1)

    def _step_register(self, m: Module, issue: Signal, steps: tuple[int, ...], name: str) -> Signal:
        """The step from the event that comes next to the one behind it."""
        step = Signal(signed(_signed_bits(steps)), init=self._first_turn(steps), name=name)
        with m.If(issue):
            m.d.sync += step.eq(self._turning(steps))
        return step

    def _outside(self, m: Module, issue: Signal) -> Value:
        """Whether the event that comes next gives the padding."""
        axes = []
        for name, axis in (("rows", self.spec.geometry.rows), ("columns", self.spec.geometry.columns)):
            if not axis.padded:
                continue
            steps = self.ring.steps(name)
            walk = self.ring.walk(name) - axis.begin
            bits = IntRange(int(walk.min()), max(int(walk.max()), axis.size)).width + 1
            place = Signal(signed(bits), init=int(walk[1]), name=name)
            with m.If(issue):
                m.d.sync += place.eq(place + self._turning(steps))
            axes.append((place < 0) | (place >= axis.size))
        if not axes:
            return Const(0)
        outside = Signal(init=not bool(self.ring.inside[0]), name="outside")
        with m.If(issue):
            m.d.sync += outside.eq(Cat(*axes).any())
        return outside

    def _behind(self, m: Module, issue: Signal, written: Signal) -> Value:
        """Whether the beat that comes next is not written yet: the sign of the writer's lead over it."""
        steps = self.ring.steps("beats")
        step = self._step_register(m, issue, steps, "lead_step")
        lead = Signal(signed(self.ring.lead_range(self.spec.depth).width), init=-self.ring.start - 1, name="lead")
        m.d.sync += lead.eq(lead - Mux(issue, step, 0) + written)
        return lead[-1]

    def _address(self, m: Module, issue: Signal) -> Value:
        """The word of the event that comes next."""
        depth = self.spec.depth
        steps = tuple(s % depth for s in self.ring.steps("beats"))
        address = Signal(range(depth), init=self.ring.start % depth, name="read_address")
        onward = Signal(len(address) + 1, name="read_address_onward")
        m.d.comb += onward.eq(address + self._step_register(m, issue, steps, "address_step"))
        with m.If(issue):
            m.d.sync += address.eq(onward)
        if depth & (depth - 1):
            wrapped = Signal(signed(len(address) + 2), name="read_address_wrapped")
            back = self._step_register(m, issue, tuple(s - depth for s in steps), "address_step_wrapped")
            m.d.comb += wrapped.eq(address + back)
            with m.If(issue & (wrapped >= 0)):
                m.d.sync += address.eq(wrapped)
        return address

    def _freed(self, m: Module, issue: Signal) -> Value:
        """Words that the event that comes next frees, one cycle after it has happened."""
        free, last, between = self.ring.freeing, self.loops.last, self.loops.between
        most = max(free.column, free.row, free.frame)
        bits = most.bit_length()
        in_row = between(0, *free.rows)
        in_column = between(0, free.rows[0], free.rows[1] + 1) & between(1, *free.columns)
        at_row_end = Mux(last[0], Const(free.frame, bits), Mux(in_row, Const(free.row, bits), 0))
        at_position_end = Mux(last[1], at_row_end, Mux(in_column, Const(free.column, bits), 0))
        frees, freed = Signal(bits, name="frees"), Signal(bits, name="freed")
        with m.If(issue):
            m.d.sync += frees.eq(Mux(Cat(*last[2:]).all(), at_position_end, 0))
        m.d.sync += freed.eq(Mux(issue, frees, 0))
        return freed

    def _write(self, m: Module, buffer: Memory, written: Signal, freed: Value) -> None:
        """Takes beats while there is room, and writes each in the cycle after."""
        room_range = self.ring.room_range(self.spec.depth)
        start = self.ring.freeing.base + self.spec.depth - 1
        room = Signal(signed(room_range.width), init=start, name="room")
        accept = Signal(name="accept")
        address = Signal(range(self.spec.depth), name="write_address")
        m.d.comb += [self.i.ready.eq(~room[-1]), accept.eq(self.i.valid & ~room[-1])]
        m.d.sync += [room.eq(room + freed - accept), written.eq(accept)]
        with m.If(written):
            m.d.sync += address.eq(Mux(address == self.spec.depth - 1, 0, address + 1))
        m.d.comb += [
            buffer.write_enable.eq(written),
            buffer.write_address.eq(address),
            buffer.write_data.eq(delayed(m, self.i.payload, 1, "arrived", reset_less=True)),
        ]

    def _give(self, m: Module, read: Value, outside: Value) -> None:
        x, out = self.spec.x, self.spec.out
        for lane in range(self.spec.lanes):
            code = read.word_select(lane, x.width)
            element = Signal(out.width, name=f"element_{lane}")
            m.d.comb += element.eq(code.as_signed() if x.signed else code)
            if self.spec.geometry.padded:
                with m.If(outside):
                    m.d.comb += element.eq(Const(self.spec.fill & ((1 << out.width) - 1), out.width))
            m.d.comb += self.o.payload.word_select(lane, out.width).eq(element)


def _signed_bits(values: tuple[int, ...]) -> int:
    """Bits of a signed word that holds all of `values`."""
    return IntRange(min(-1, *values), max(values)).width
