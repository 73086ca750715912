# SPDX-License-Identifier: Apache-2.0
"""Lookup in hardware: an index and the number of a beat are the address of a memory."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.lookup.folding import LATENCY, LookupSpec


class LookupUnit(wiring.Component):
    """One beat a cycle. ``i``: indices; ``o``: their rows. Memory ``rows``: the table, row after row."""

    def __init__(self, spec: LookupSpec):
        self.spec = spec
        self.memories = {"rows": Memory(spec.lanes * spec.out.width, spec.words, output_register=True)}
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.indices.width))),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        m.submodules.rows = rows = self.memories["rows"]
        fire = Signal()
        index, beat, first = self._row(m, fire)
        m.d.comb += [
            fire.eq(self.o_space & (self.i.valid | ~first)),
            self.i.ready.eq(self.o_space & first),
            self.o_reserve.eq(fire),
            rows.address.eq(delayed(m, Cat(beat, index), 1, "address", reset_less=True)),
            self.o.payload.eq(rows.data),
            self.o.valid.eq(delayed(m, fire, LATENCY, "giving")),
        ]
        return m

    def _row(self, m: Module, fire: Value) -> tuple[Value, Value, Value]:
        """(index, number of the beat, whether it is the first of its row); `fire` goes on to the next beat."""
        if self.spec.beats == 1:
            return self.i.payload, Signal(0), Value.cast(1)
        beat = Signal(range(self.spec.beats))
        first = Signal(init=1)
        held = Signal.like(self.i.payload, reset_less=True)
        with m.If(fire):
            m.d.sync += [beat.eq(beat + 1), first.eq(beat == self.spec.beats - 1)]
            with m.If(first):
                m.d.sync += held.eq(self.i.payload)
        return Mux(first, self.i.payload, held), beat, first
