# SPDX-License-Identifier: Apache-2.0
"""Several passes over a ring of rows: the first writes them, others follow, and a row is free again behind the last."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth.hdl import Module, Mux, Signal, Value

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory


@dataclass(frozen=True, eq=False)
class Walk:
    """One pass over the ring: whether it moves in this cycle, and where it stands.

    word: of the ring; row: of the ring; column: beat of the row; first, last: whether that is its first, its last one.
    """

    move: Signal
    word: Value
    row: Value
    column: Value
    first: Value
    last: Value


class RowRing:
    """The counters and memories of a ring of `rows` rows of `beats` beats, added to the module `m`."""

    def __init__(self, m: Module, rows: int, beats: int):
        self.m, self.rows, self.beats = m, rows, beats

    def walk(self, name: str) -> Walk:
        """A pass that goes on to the next beat with its `move`, which the caller drives."""
        self.m.submodules[name] = loops = Loops((self.rows, self.beats))
        move, word = Signal(name=f"{name}_move"), Signal(range(self.rows * self.beats), name=f"{name}_word")
        self.m.d.comb += loops.step.eq(move)
        with self.m.If(move):
            self.m.d.sync += word.eq(Mux(loops.last[0] & loops.last[1], 0, word + 1))
        return Walk(move, word, loops.count[0], loops.count[1], loops.first[1], loops.last[1])

    def ready(self, name: str, start: int, walk: Walk, before: Walk, delay: int) -> Value:
        """Whether `walk` may move: inside of a row, or a row that `before` has finished `delay` cycles ago is left."""
        rows = Signal(range(self.rows + 1), init=start, name=f"{name}_rows")
        finished = delayed(self.m, before.move & before.last, delay - 1, f"{name}_finished")
        self.m.d.sync += rows.eq(rows + finished - (walk.move & walk.first))
        return ~walk.first | (rows != 0)

    def by_row(self, name: str, bits: int, write: tuple[Value, Value, Value], reader: Walk, when: int) -> Value:
        """One word a row, as `reader` finds it `when` cycles after its event. write: enable, row, word."""
        enable, row, value = write
        self.m.submodules[name] = memory = Memory(bits, self.rows, style="distributed", writable=True)
        self.m.d.comb += [
            memory.write_enable.eq(enable),
            memory.write_address.eq(row),
            memory.write_data.eq(value),
            memory.address.eq(delayed(self.m, reader.row, when - 1, f"{name}_row", reset_less=True)),
        ]
        return memory.data

    def beats_of(self, name: str, taken: Value, writer: Walk, reader: Walk) -> Value:
        """The beats `taken` by `writer`, as `reader` finds them two cycles after its event."""
        self.m.submodules[f"{name}_ring"] = ring = Memory(
            len(taken), self.rows * self.beats, output_register=True, writable=True
        )
        self.m.d.comb += [
            ring.write_enable.eq(delayed(self.m, writer.move, 1, f"{name}_taken")),
            ring.write_address.eq(delayed(self.m, writer.word, 1, f"{name}_written", reset_less=True)),
            ring.write_data.eq(delayed(self.m, taken, 1, f"{name}_held", reset_less=True)),
            ring.address.eq(reader.word),
        ]
        return ring.data
