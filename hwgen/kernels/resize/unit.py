# SPDX-License-Identifier: Apache-2.0
"""Interpolate in hardware: a few source rows in memory, and each result blended out of its neighbours there."""

from __future__ import annotations

from itertools import product

from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.constant_multiplier import ConstantMultiplier
from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.hdl.queue import Queue
from hwgen.kernels.resize.folding import (
    READ_LATENCY,
    RELEASED_DELAY,
    WRITTEN_DELAY,
    RowsSpec,
    blend_latency,
    column_fields,
    latency,
    row_fields,
    signed_bits,
)
from hwgen.kernels.resize.unit_blend import Blend, shape_of

TABLE_LATENCY = 2


def unpack(word: Value, fields: tuple[tuple[str, int], ...]) -> dict[str, Value]:
    """The fields of a table's word, the first in the low bits."""
    parts, low = {}, 0
    for name, bits in fields:
        parts[name] = word[low : low + bits]
        low += bits
    return parts


class RowsUnit(wiring.Component):
    """A writer fills rows, a reader gives a result every ``rows.turns * columns.turns`` cycles without a bubble.

    ``i``: pixels, channels-last; ``o``: results, channels-last. Memories ``rows`` and ``columns``: per row and column
    of the result what folding.py's `row_fields` and `column_fields` name.
    """

    def __init__(self, spec: RowsSpec):
        self.spec = spec
        self.memories = {
            name: Memory(sum(bits for _, bits in fields), axis.results, output_register=True)
            for name, fields, axis in (
                ("rows", row_fields(spec), spec.rows),
                ("columns", column_fields(spec), spec.columns),
            )
        }
        lane_bits = spec.lanes * spec.x.width
        self.banks = {
            (row, column): Memory(lane_bits, spec.bank_depth(column), output_register=True, writable=True)
            for row, column in product(range(spec.rows.banks), range(spec.columns.banks))
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(lane_bits))),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        for (row, column), bank in self.banks.items():
            m.submodules[f"bank_{row}_{column}"] = bank
        reading, row_read = Signal(), Signal()
        row_word = self._fetch_rows(m, row_read)
        released = Mux(row_read, row_word["advance"], 0)
        row_written = self._write(m, delayed(m, released, RELEASED_DELAY - 1, "released"))

        # Rows written beyond the last one that the present result needs; below zero the reader has to wait.
        ahead = Signal(signed(self._credit_bits), init=-(s.first_row + s.rows.taps))
        m.d.sync += ahead.eq(ahead + delayed(m, row_written, WRITTEN_DELAY - 1, "row_written") - released)
        m.submodules.reads = reads = Loops((s.columns.results, s.beats, s.rows.turns, s.columns.turns))
        gives = reads.last[2] & reads.last[3]
        m.d.comb += [
            reading.eq((ahead >= 0) & (~gives | self.o_space)),
            row_read.eq(reading & gives & reads.last[0] & reads.last[1]),
            self.o_reserve.eq(reading & gives),
            reads.step.eq(reading),
        ]
        self._read(m, reading, reads, row_word, row_read)
        m.d.comb += self.o.valid.eq(delayed(m, self.o_reserve, latency(s), "giving"))
        return m

    @property
    def _credit_bits(self) -> int:
        return (self.spec.held + self.spec.rows.sources).bit_length() + 1

    def _fetch_rows(self, m: Module, row_read: Value) -> dict[str, Value]:
        """The table's word of the present row of results, fetched ahead through a small queue."""
        memory = self.memories["rows"]
        m.submodules.row_table = memory
        m.submodules.row_words = words = Queue(memory.width, 4)
        m.submodules.rows = rows = Loops((memory.depth,))
        fetching = Signal()
        m.d.comb += [
            fetching.eq(words.space),
            words.reserve.eq(fetching),
            rows.step.eq(fetching),
            memory.address.eq(rows.count[0]),
            words.i.valid.eq(delayed(m, fetching, TABLE_LATENCY, "fetching")),
            words.i.payload.eq(memory.data),
            words.o.ready.eq(row_read),
        ]
        return unpack(words.o.payload, row_fields(self.spec))

    def _write(self, m: Module, released: Value) -> Value:
        """Takes a beat a cycle while there is room for its row; returns whether this cycle's beat ends a row."""
        s = self.spec
        m.submodules.writes = writes = Loops((s.rows.banks, s.columns.sources, s.beats))
        # Rows that may still come in beyond the present one; below zero the writer has to wait.
        room = Signal(signed(self._credit_bits), init=s.held - 1 + s.first_row)
        writing, row_written = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(room >= 0),
            writing.eq(self.i.valid & self.i.ready),
            row_written.eq(writing & writes.last[1] & writes.last[2]),
            writes.step.eq(writing),
        ]
        m.d.sync += room.eq(room + released - row_written)
        held = delayed(m, self.i.payload, 1, "held", reset_less=True)
        for (row, column), bank in self.banks.items():
            chosen = Signal(name=f"write_{row}_{column}")
            here = writing & (writes.count[0] == row)
            m.d.sync += chosen.eq(here & (writes.count[1][0] == column) if s.columns.banks == 2 else here)
            m.submodules[f"fill_{row}_{column}"] = fill = Loops((bank.depth,))
            m.d.comb += [
                fill.step.eq(chosen),
                bank.write_enable.eq(chosen),
                bank.write_address.eq(fill.count[0]),
                bank.write_data.eq(held),
            ]
        return row_written

    def _read(self, m: Module, reading: Value, reads: Loops, row_word: dict[str, Value], row_read: Value) -> None:
        """From the counters of the reader to its result."""
        s = self.spec
        m.submodules.column_table = table = self.memories["columns"]
        m.d.comb += table.address.eq(reads.count[0])
        column_word = unpack(table.data, column_fields(s))
        slot = self._slot(m, row_word, row_read)
        self._address(m, slot, reads, column_word)
        blended = self._blend_columns(m, reading, reads, column_word)
        result = self._blend_rows(m, reading, reads, row_word, slot, blended)
        for lane, value in enumerate(result):
            if s.scale > 1:
                m.submodules[f"scale_{lane}"] = scale = ConstantMultiplier(signed_bits(s.unscaled), s.scale)
                m.d.comb += scale.a.eq(value)
                value = scale.y
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(value)

    def _slot(self, m: Module, row_word: dict[str, Value], row_read: Value) -> Signal:
        """Where in the buffer the first source row of the present result row stands."""
        held = self.spec.held
        slot = Signal(range(held), init=self.spec.first_row % held)
        following = Signal(range(2 * held))
        m.d.comb += following.eq(slot + row_word["advance_slot"])
        with m.If(row_read):
            m.d.sync += slot.eq(Mux(following >= held, following - held, following))
        return slot

    def _address(self, m: Module, slot: Value, reads: Loops, column_word: dict[str, Value]) -> None:
        """Three cycles after the event the addresses of its words: row base + beat + place of the column."""
        s = self.spec
        turn = Cat(reads.count[3], reads.count[2]) if s.columns.turns * s.rows.turns > 1 else Const(0, 1)
        for (row, column), bank in self.banks.items():
            base = Signal(range(bank.depth), name=f"base_{row}_{column}")
            with m.Switch(Cat(turn, slot)):
                for at, i, j in product(range(s.held), range(s.rows.turns), range(s.columns.turns)):
                    with m.Case(j | i << 1 | at << len(turn)):
                        # One bank: tap i is row at + i. Two: each bank holds every other row, and gives at or at + 1.
                        place = (at + i) % s.held if s.rows.banks == 1 else (at + (at % 2 != row)) % s.held // 2
                        m.d.comb += base.eq(place * s.bank_words(column) + j * s.beats)
            start = Signal(range(bank.depth), name=f"start_{row}_{column}", reset_less=True)
            m.d.sync += start.eq(base + reads.count[1])
            later = delayed(m, start, TABLE_LATENCY - 1, f"start_{row}_{column}", reset_less=True)
            address = Signal(range(bank.depth), name=f"address_{row}_{column}", reset_less=True)
            m.d.sync += address.eq(later + column_word[f"place_{column}"])
            m.d.comb += bank.address.eq(address)

    def _blend_columns(
        self, m: Module, reading: Value, reads: Loops, column_word: dict[str, Value]
    ) -> list[list[Value]]:
        """Per row bank and lane the sum along columns."""
        s = self.spec
        words = {place: bank.data for place, bank in self.banks.items()}
        codes = {place: [word.word_select(lane, s.x.width) for lane in range(s.lanes)] for place, word in words.items()}
        if s.columns.taps == 1:
            return [
                [_typed(m, codes[row, 0][k], s, f"code_{row}_{k}") for k in range(s.lanes)]
                for row in range(s.rows.banks)
            ]
        first = delayed(m, reads.first[3], READ_LATENCY, "first_column", reset_less=True)
        active = delayed(m, reading, READ_LATENCY, "reading")
        if s.columns.banks == 2:
            weight: Value = column_word["odd"]
        else:
            is_first = delayed(m, reads.first[3], TABLE_LATENCY, "is_first_column", reset_less=True)
            weight = Mux(is_first, column_word["near"], column_word["far"])
        weight = delayed(m, weight, READ_LATENCY - TABLE_LATENCY, "column_weight", reset_less=True)
        blended: list[list[Value]] = []
        for row in range(s.rows.banks):
            blended.append([])
            for lane in range(s.lanes):
                m.submodules[f"columns_{row}_{lane}"] = blend = Blend(s, s.columns, s.x)
                pair = [codes[row, column][lane] for column in range(s.columns.banks)]
                _feed(m, blend, pair, weight, first, active)
                blended[row].append(blend.y)
        return blended

    def _blend_rows(
        self,
        m: Module,
        reading: Value,
        reads: Loops,
        row_word: dict[str, Value],
        slot: Value,
        blended: list[list[Value]],
    ) -> list[Value]:
        """Per lane the sum along rows."""
        s = self.spec
        if s.rows.taps == 1:
            return blended[0]
        cycles = READ_LATENCY + blend_latency(s, s.columns, s.x)
        # With two banks the second one holds the far row where the near one stands in an even place.
        far = ~slot[0] if s.rows.banks == 2 else ~reads.first[2]
        weight = delayed(m, Mux(far, row_word["far"], row_word["near"]), cycles, "row_weight", reset_less=True)
        first = delayed(m, reads.first[2], cycles, "first_row", reset_less=True)
        active = delayed(m, reading & reads.last[3], cycles, "row_active")
        sums = []
        for lane in range(s.lanes):
            m.submodules[f"rows_{lane}"] = blend = Blend(s, s.rows, s.between)
            _feed(m, blend, [blended[row][lane] for row in range(s.rows.banks)], weight, first, active)
            sums.append(blend.y)
        return sums


def _typed(m: Module, code: Value, s: RowsSpec, name: str) -> Signal:
    value = Signal(shape_of(s.x), name=name)
    m.d.comb += value.eq(code)
    return value


def _feed(m: Module, blend: Blend, values: list[Value], weight: Value, first: Value, active: Value) -> None:
    m.d.comb += [blend.a.eq(values[0]), blend.weight.eq(weight)]
    if len(values) == 2:
        m.d.comb += blend.b.eq(values[1])
    else:
        m.d.comb += [blend.first.eq(first), blend.active.eq(active)]
