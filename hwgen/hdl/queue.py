# SPDX-License-Identifier: Apache-2.0
"""The queue behind every unit: it lends out room before a beat is made, so that pipelines never stall."""

from __future__ import annotations

from typing import Literal

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal, Value, unsigned
from amaranth.lib import memory, stream, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from hwgen.hdl.memory import Memory

QueueStyle = Literal["distributed", "block"]

PREFETCH_DEPTH = 4
PREFETCH_LATENCY = 2


class Queue(wiring.Component):
    """First in, first out, `depth` beats of `width` bits, with credits.

    Contract. A producer raises `reserve` in a cycle with `space`; that reserves `burst` beats, or a `gather`-th part of
    one. It brings the beats over `i` at any later time (or in the same cycle), in order. `o` is an ordinary stream.

    Timing. A beat on `i` in cycle t is offered on `o` from t + 1 on; a beat taken in cycle t gives its room back for
    t + 1. Style ``block`` keeps the beats in block RAM behind a small prefetched queue: offered from t + 4 on; the room
    of a beat comes back when it has moved on into the prefetched queue.
    """

    def __init__(self, width: int, depth: int, style: QueueStyle = "distributed", burst: int = 1, gather: int = 1):
        if depth < burst or min(burst, gather) != 1:
            raise ValueError(f"Queue of {depth} beats cannot lend room for {burst} beats or {gather}ths of one")
        self.width, self.depth, self.style, self.burst, self.gather = width, depth, style, burst, gather
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(width), always_ready=True)),
                "space": Out(1, init=1),
                "reserve": In(1),
                "o": Out(stream.Signature(unsigned(width))),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        freed = Signal()
        room = Signal(range(self.depth + 1), init=self.depth)
        next_room = Signal.like(room)
        taken = Signal(range(self.burst + 1))
        begun = Signal()
        m.d.comb += next_room.eq(room + freed - taken)
        m.d.sync += [room.eq(next_room), self.space.eq(begun | (next_room >= self.burst))]
        if self.gather > 1:
            m.d.comb += taken.eq(self._count_parts(m, begun))
        else:
            m.d.comb += taken.eq(self.burst * self.reserve if self.burst > 1 else self.reserve)
        if self.style == "block":
            self._store_in_block_ram(m, freed)
        else:
            self._store_in_distributed_ram(m, freed, platform)
        return m

    def _count_parts(self, m: Module, begun: Signal) -> Value:
        """The first part of a beat reserves the whole; `begun` says that more parts of it are still to come."""
        part = Signal(range(self.gather))
        next_part = Signal.like(part)
        m.d.comb += [next_part.eq(part), begun.eq(next_part != 0)]
        with m.If(self.reserve):
            m.d.comb += next_part.eq(part + 1)
            with m.If(part == self.gather - 1):
                m.d.comb += next_part.eq(0)
        m.d.sync += part.eq(next_part)
        return self.reserve & (part == 0)

    def _pointers(self, m: Module, put: Signal, get: Signal) -> tuple[Signal, Signal, Signal]:
        """(write address, read address, whether anything is stored); all registered."""
        write_address = Signal(range(self.depth))
        read_address = Signal(range(self.depth))
        level = Signal(range(self.depth + 1))
        filled = Signal()
        next_level = Signal.like(level)
        m.d.comb += next_level.eq(level + put - get)
        m.d.sync += [level.eq(next_level), filled.eq(next_level != 0)]
        for address, step in ((write_address, put), (read_address, get)):
            if self.depth == 1:
                continue
            with m.If(step):
                if self.depth & (self.depth - 1):
                    with m.If(address == self.depth - 1):
                        m.d.sync += address.eq(0)
                    with m.Else():
                        m.d.sync += address.eq(address + 1)
                else:
                    m.d.sync += address.eq(address + 1)
        return write_address, read_address, filled

    def _store_in_distributed_ram(self, m: Module, freed: Signal, platform: object) -> None:
        m.d.comb += freed.eq(self.o.valid & self.o.ready)
        write_address, read_address, filled = self._pointers(m, self.i.valid, freed)
        m.d.comb += self.o.valid.eq(filled)
        if platform is None:
            m.submodules.store = store = memory.Memory(shape=self.width, depth=self.depth, init=[])
            write, read = store.write_port(), store.read_port(domain="comb")
            m.d.comb += [
                write.addr.eq(write_address),
                write.data.eq(self.i.payload),
                write.en.eq(self.i.valid),
                read.addr.eq(read_address),
                self.o.payload.eq(read.data),
            ]
            return
        m.submodules.store = Instance(
            "hwgen_queue_ram",
            p_WIDTH=self.width,
            p_DEPTH=self.depth,
            p_ADDRESS_WIDTH=max(1, ceil_log2(self.depth)),
            i_clk=ClockSignal(),
            i_write_enable=self.i.valid,
            i_write_address=write_address,
            i_write_data=self.i.payload,
            i_read_address=read_address,
            o_read_data=self.o.payload,
        )

    def _store_in_block_ram(self, m: Module, freed: Signal) -> None:
        m.submodules.prefetched = prefetched = Queue(self.width, PREFETCH_DEPTH)
        m.submodules.store = store = Memory(self.width, self.depth, style="block", output_register=True, writable=True)
        write_address, read_address, filled = self._pointers(m, self.i.valid, freed)
        arriving = Signal(PREFETCH_LATENCY)
        m.d.comb += [
            freed.eq(filled & prefetched.space),
            prefetched.reserve.eq(freed),
            store.address.eq(read_address),
            store.write_enable.eq(self.i.valid),
            store.write_address.eq(write_address),
            store.write_data.eq(self.i.payload),
            prefetched.i.valid.eq(arriving[-1]),
            prefetched.i.payload.eq(store.data),
        ]
        m.d.sync += arriving.eq((arriving << 1) | freed)
        wiring.connect(m, wiring.flipped(self.o), prefetched.o)
