# SPDX-License-Identifier: Apache-2.0
"""Softmax in three passes over a ring of rows: largest code, sum of powers, division."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen import costs
from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.divider import divide_rounded
from hwgen.hdl.maximum_tree import maximum_tree
from hwgen.hdl.memory import Memory
from hwgen.hdl.row_ring import RowRing, Walk
from hwgen.kernels.softmax.folding import DIFFERENCE_LATENCY, TABLE_LATENCY, ThreePassSpec


class ThreePassUnit(wiring.Component):
    """Takes, adds up and divides a beat in each cycle, each pass a row behind the one before.

    ``i``: lanes codes of a row; ``o``: lanes results. Memories ``terms_<lane>`` and ``numerators_<lane>``: the powers
    by the difference from the largest code. A row of the ring is free again when it has been divided.
    """

    def __init__(self, spec: ThreePassSpec):
        self.spec = s = spec
        tables = {"terms": s.term_bits, "numerators": s.numerator_bits}
        self.memories = {
            f"{name}_{lane}": Memory(bits, s.entries, style=s.table_memory, output_register=True)
            for name, bits in tables.items()
            for lane in range(s.lanes)
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(s.lanes * s.x.width))),
                "o": Out(stream.Signature(unsigned(s.lanes * s.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        self.ring = ring = RowRing(m, s.rows, s.beats)
        take, add, divide = (ring.walk(name) for name in ("take", "add", "divide"))
        m.d.comb += [
            take.move.eq(self.i.valid & ring.ready("free", s.rows, take, divide, 1)),
            self.i.ready.eq(take.move),
            add.move.eq(ring.ready("whole", 0, add, take, s.maximum_delay)),
            divide.move.eq(ring.ready("summed", 0, divide, add, s.total_delay) & self.o_space),
            self.o_reserve.eq(divide.move),
            self.o.valid.eq(delayed(m, divide.move, s.latency, "given")),
        ]
        maxima = self._largest(m, take)
        totals = self._totals(m, add, self._differences(m, "add", take, add, maxima))
        numerators = self._look_up(m, "numerators", self._differences(m, "divide", take, divide, maxima))
        total = ring.by_row("totals", s.total_bits, totals, divide, DIFFERENCE_LATENCY + TABLE_LATENCY)
        quotients = divide_rounded(m, numerators, total, s.quotient_bits, "divide")
        m.d.sync += self.o.payload.eq(Cat(*(self._code(m, lane, q) for lane, q in enumerate(quotients))))
        return m

    def _largest(self, m: Module, take: Walk) -> tuple[Value, Value, Value]:
        """(write enable, row, largest code) when the last beat of a row has been looked at."""
        s = self.spec
        beat = delayed(m, self.i.payload, 1, "arrived", reset_less=True)
        depth = costs.adder_tree_latency(s.lanes)
        code = maximum_tree(m, [self._code_of(beat, lane) for lane in range(s.lanes)], "larger")
        running = Signal.like(code, name="running", reset_less=True)
        largest = Signal.like(code, name="largest")
        moved, first, last, row = (
            delayed(m, value, 1 + depth, f"take_{name}")
            for name, value in (("moved", take.move), ("first", take.first), ("last", take.last), ("row", take.row))
        )
        m.d.comb += largest.eq(Mux(first | (code > running), code, running))
        with m.If(moved):
            m.d.sync += running.eq(largest)
        return moved & last, row, largest

    def _differences(
        self, m: Module, name: str, take: Walk, reader: Walk, maxima: tuple[Value, Value, Value]
    ) -> list[Value]:
        """Largest code of the row minus code, for each lane, `DIFFERENCE_LATENCY` cycles after the reader's event."""
        s = self.spec
        beat = self.ring.beats_of(name, self.i.payload, take, reader)
        largest = self.ring.by_row(f"{name}_maxima", s.x.width, maxima, reader, DIFFERENCE_LATENCY - 1)
        differences = []
        for lane in range(s.lanes):
            difference = Signal(range(s.entries), name=f"{name}_difference_{lane}", reset_less=True)
            m.d.sync += difference.eq(self._code_of(largest, 0) - self._code_of(beat, lane))
            differences.append(difference)
        return differences

    def _look_up(self, m: Module, name: str, differences: list[Value]) -> list[Value]:
        """A power for each lane, `TABLE_LATENCY` cycles later."""
        found = []
        for lane, difference in enumerate(differences):
            m.submodules[f"{name}_{lane}"] = memory = self.memories[f"{name}_{lane}"]
            m.d.comb += memory.address.eq(difference)
            found.append(memory.data)
        return found

    def _totals(self, m: Module, add: Walk, differences: list[Value]) -> tuple[Value, Value, Value]:
        """(write enable, row, sum of the row's terms) when its last beat has been added."""
        s = self.spec
        terms = [Cat(term, 0).as_signed() for term in self._look_up(m, "terms", differences)]
        beat = add_tree(m, terms, "beat", s.total_bits + 1).as_unsigned()[: s.total_bits]
        depth = DIFFERENCE_LATENCY + TABLE_LATENCY + costs.adder_tree_latency(s.lanes)
        moved, first, last, row = (
            delayed(m, value, depth, f"add_{name}")
            for name, value in (("moved", add.move), ("first", add.first), ("last", add.last), ("row", add.row))
        )
        before, total = Signal(s.total_bits, name="before", reset_less=True), Signal(s.total_bits, name="total")
        m.d.comb += total.eq(Mux(first, 0, before) + beat)
        with m.If(moved):
            m.d.sync += before.eq(total)
        return moved & last, row, total

    def _code(self, m: Module, lane: int, quotient: Value) -> Value:
        """The quotient with the zero point, clipped from above (it never falls below the zero point)."""
        s = self.spec
        most = s.out.hi - s.zero_point
        code = Signal(s.out.width, name=f"code_{lane}")
        m.d.comb += code.eq(Mux(quotient > most, Const(s.out.hi), quotient + s.zero_point))
        return code

    def _code_of(self, word: Value, lane: int) -> Value:
        code = word.word_select(lane, self.spec.x.width)
        return code.as_signed() if self.spec.x.signed else code
