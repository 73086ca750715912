# SPDX-License-Identifier: Apache-2.0
"""The compressed MAC array: walkers that follow lists of weights through a buffer of inputs."""

from __future__ import annotations

from typing import Any

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.credits import credits
from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.matmul.folding_compressed import FREED, CompressedSpec, until_summed
from hwgen.kernels.matmul.lanes import accumulated, lane_sum, multiples, next_word

HALVES = 2


class CompressedUnit(wiring.Component):
    """An entry of every list a cycle, without a bubble between positions while inputs arrive and results leave in time.

    ``i``: simd inputs; ``o``: pe results. Memories: ``distances``, one a walker; ``weights``, lane
    ``(walker * rows + r) * simd + s``; one word a cycle of each.
    """

    def __init__(self, spec: CompressedSpec):
        self.spec = spec
        s, style = spec, spec.weight_memory
        widths = {"distances": s.walkers * s.distance_bits, "weights": s.pe * s.simd * s.weight_bits}
        self.memories = {n: Memory(w, s.entries, style=style, output_register=True) for n, w in widths.items()}
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(s.simd * s.x.width))),
                "o": Out(stream.Signature(unsigned(s.pe * s.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s, depth = self.spec, until_summed(self.spec)
        m.submodules.writing, m.submodules.walking, m.submodules.giving = loops = [
            Loops((events,)) for events in (s.beats, s.entries, s.gives)
        ]
        writing, walking, giving = loops
        write, walk, give = Signal(name="write"), Signal(name="walk"), Signal(name="give")
        m.d.comb += [writing.step.eq(write), walking.step.eq(walk), giving.step.eq(give)]
        ended = walk & walking.last[0]
        begun = walk & walking.first[0]
        room = credits(m, "room", HALVES, HALVES, delayed(m, ended, FREED - 1, "freed"), write & writing.first[0])
        filled = credits(m, "filled", HALVES, 0, write & writing.last[0], begun)
        free = credits(m, "free", HALVES, HALVES, give & giving.last[0], begun)
        summed = delayed(m, ended, depth + 1, "ended")
        ready = credits(m, "ready", HALVES, 0, summed, give & giving.first[0])
        m.d.comb += [
            self.i.ready.eq(~writing.first[0] | room),
            write.eq(self.i.valid & self.i.ready),
            walk.eq(~walking.first[0] | (filled & free)),
            give.eq(self.o_space & (~giving.first[0] | ready)),
            self.o_reserve.eq(give),
            self.o.valid.eq(delayed(m, give, 1, "given")),
        ]
        beats, begins = self._inputs(m, writing, walking, write)
        sums = self._sums(m, beats, walk)
        self._collect(m, sums, begins, walking, giving, summed)
        return m

    def _half(self, m: Module, turn: Value, name: str) -> Value:
        """The half of a buffer that a process works on; the other one after `turn`."""
        half = Signal(name=name)
        with m.If(turn):
            m.d.sync += half.eq(~half)
        return half

    def _inputs(self, m: Module, writing: Loops, walking: Loops, write: Value) -> tuple[list[Value], list[Value]]:
        """Per walker, four cycles after an entry's event the beat in its column; two after it, whether it begins a row."""
        s, walk = self.spec, walking.step
        place = Cat(writing.count[0][: s.column_bits], self._half(m, write & writing.last[0], "half_written"))
        slot, fresh = delayed(m, place, 1, "slot", reset_less=True), delayed(m, write, 1, "fresh")
        arrived = delayed(m, self.i.payload, 1, "arrived", reset_less=True)
        half = delayed(m, self._half(m, walk & walking.last[0], "half_walked"), 3, "half", reset_less=True)
        m.submodules.distances = self.memories["distances"]
        distances = next_word(m, self.memories["distances"], walk, 0, "distance_address")
        starts = delayed(m, walking.first[0], 2, "starts")
        walks = delayed(m, walk, 2, "walks")
        beats, begins = [], []
        for walker in range(s.walkers):
            distance = distances.word_select(walker, s.distance_bits)
            column, begin = self._walk(m, walker, distance, starts, walks)
            m.submodules[f"buffer_{walker}"] = buffer = Memory(len(arrived), HALVES << s.column_bits, writable=True)
            m.d.comb += [
                buffer.write_enable.eq(fresh),
                buffer.write_address.eq(slot),
                buffer.write_data.eq(arrived),
                buffer.address.eq(Cat(column, half)),
            ]
            beats.append(buffer.data)
            begins.append(begin)
        return beats, begins

    def _walk(self, m: Module, walker: int, distance: Value, starts: Value, walks: Value) -> tuple[Value, Value]:
        """The column of the entry three cycles ago, and whether the one two cycles ago begins a row: it starts a position
        or runs over the end of the row before."""
        s = self.spec
        column = Signal(s.column_bits, name=f"column_{walker}", reset_less=True)
        onward = Signal(range(2 * s.beats + 1), name=f"onward_{walker}")
        over = Signal(name=f"over_{walker}")
        m.d.comb += [onward.eq(Mux(starts, 0, column + 1) + distance), over.eq(onward >= s.beats)]
        with m.If(walks):
            m.d.sync += column.eq(Mux(over, onward - s.beats, onward))
        return column, starts | over

    def _sums(self, m: Module, beats: list[Value], walk: Value) -> list[Value]:
        """Per output lane the sum of the products of its entry."""
        s = self.spec
        m.submodules.weights = self.memories["weights"]
        # The weights wait for the column and the input, and digits for the multiples.
        weights = next_word(m, self.memories["weights"], walk, 3 if s.digits else 2)
        sums = []
        for walker, beat in enumerate(beats):
            values: list[Any] = [beat.word_select(k, s.x.width) for k in range(s.simd)]
            values = [value.as_signed() if s.x.signed else value for value in values]
            if s.digits:
                values = [multiples(m, v, s.x, s.digits, f"input_{walker}_{k}") for k, v in enumerate(values)]
            for lane in range(walker * s.rows, (walker + 1) * s.rows):
                factors = [weights.word_select(lane * s.simd + k, s.weight_bits) for k in range(s.simd)]
                sums.append(lane_sum(m, s, lane, values, factors))
        return sums

    def _collect(
        self, m: Module, sums: list[Value], begins: list[Value], walking: Loops, giving: Loops, summed: Value
    ) -> None:
        """Adds up rows, keeps each sum where its row ends, and gives them when a position is complete."""
        s, depth = self.spec, until_summed(self.spec)
        active = delayed(m, walking.step, depth, "active")
        start = delayed(m, walking.first[0], depth, "start")
        half = self._half(m, summed, "half_summed")
        half_given = self._half(m, giving.step & giving.last[0], "half_given")
        place = Cat(giving.count[0][: s.row_bits], half_given)
        for walker in range(s.walkers):
            first = delayed(m, begins[walker], depth - 2, f"begins_{walker}", reset_less=True)
            complete = Signal(name=f"complete_{walker}")
            m.d.comb += complete.eq((active & first & ~start) | summed)
            row = self._row(m, walker, complete, summed)
            own = slice(walker * s.rows, (walker + 1) * s.rows)
            for lane, total in enumerate(accumulated(m, sums[own], first, active, s.out.width, own.start), own.start):
                results = Memory(s.out.width, HALVES << s.row_bits, style="distributed", writable=True)
                m.submodules[f"results_{lane}"] = results
                m.d.comb += [
                    results.write_enable.eq(complete),
                    results.write_address.eq(Cat(row, half)),
                    results.write_data.eq(total),
                    results.address.eq(place),
                    self.o.payload.word_select(lane, s.out.width).eq(results.data),
                ]

    def _row(self, m: Module, walker: int, complete: Value, ended: Value) -> Value:
        """How many rows of the position are complete."""
        row = Signal(self.spec.row_bits, name=f"row_{walker}")
        if self.spec.row_bits:
            with m.If(ended):
                m.d.sync += row.eq(0)
            with m.Elif(complete):
                m.d.sync += row.eq(row + 1)
        return row
