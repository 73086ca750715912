# SPDX-License-Identifier: Apache-2.0
"""DynamicMatMul in hardware: one operand in banks of memory, the other streamed past it."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.credits import credits
from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.hdl.multiplier import WIDEST, Multiplier
from hwgen.hdl.walk import Walk
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.dynamic_matmul.folding import FRAMES, BufferedSpec
from hwgen.numerics.range import IntRange


class BufferedUnit(wiring.Component):
    """Multiplies rows of a by one frame of b while the next frame of b is written.

    ``i_0``: simd elements of a row of a; ``i_1``: simd elements of a column or pe elements of a row of b; ``o``: pe sums.
    """

    def __init__(self, spec: BufferedSpec):
        self.spec = s = spec
        super().__init__(
            {
                "i_0": In(stream.Signature(unsigned(s.simd * s.a.width))),
                "i_1": In(stream.Signature(unsigned(s.lanes_b * s.b.width))),
                "o": Out(stream.Signature(unsigned(s.pe * s.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        m.submodules.loops = loops = Loops((s.folds, s.steps))
        m.submodules.writes = writes = Walk(s.writes, s.words)
        m.submodules.reads = reads = Walk(s.reads, s.words)
        filling, fire, may_give = Signal(), Signal(), Signal()
        written, read = filling & writes.last, fire & reads.last
        free = credits(m, "free", FRAMES, FRAMES, read, written)
        filled = credits(m, "filled", FRAMES, 0, written, read)
        taking, last_step = loops.first[0], loops.last[1]
        m.d.comb += [
            self.i_1.ready.eq(free),
            filling.eq(free & self.i_1.valid),
            writes.step.eq(filling),
            may_give.eq(filled & (~last_step | self.o_space)),
            self.i_0.ready.eq(taking & may_give),
            fire.eq((~taking | self.i_0.valid) & may_give),
            self.o_reserve.eq(fire & last_step),
            loops.step.eq(fire),
            reads.step.eq(fire),
        ]
        row = self._row(m, taking, loops.count[1])
        sums = self._sums(m, row, self._banks(m, writes, reads, filling))
        depth = s.latency - (s.steps > 1)
        first, active = delayed(m, loops.first[1], depth, "first"), delayed(m, fire, depth, "active")
        m.d.comb += self.o.valid.eq(delayed(m, fire & last_step, s.latency, "giving"))
        self._accumulate(m, sums, first, active)
        return m

    def _row(self, m: Module, taking: Value, step: Value) -> list[Value]:
        """Three cycles after the event: the beat of a that it took, or the one that the first pass took."""
        s = self.spec
        arrived = _without_zero(m, self.i_0.payload, s.simd, s.a, s.zero_a, s.a_bits, "row")
        if s.folds == 1:
            return _lanes(delayed(m, arrived, 2, "row", reset_less=True), s.simd, s.a_bits)
        m.submodules.held = held = Memory(len(arrived), s.steps, style="distributed", writable=True)
        slot = delayed(m, step, 1, "slot", reset_less=True)
        fresh = delayed(m, taking, 1, "fresh", reset_less=True)
        m.d.comb += [
            held.address.eq(slot),
            held.write_address.eq(slot),
            held.write_data.eq(arrived),
            held.write_enable.eq(fresh),
        ]
        was_fresh = delayed(m, fresh, 1, "was_fresh", reset_less=True)
        was_arrived = delayed(m, arrived, 1, "was_arrived", reset_less=True)
        chosen = Signal(len(arrived), reset_less=True)
        m.d.sync += chosen.eq(Mux(was_fresh, was_arrived, held.data))
        return _lanes(chosen, s.simd, s.a_bits)

    def _banks(self, m: Module, writes: Walk, reads: Walk, filling: Value) -> list[list[Value]]:
        """Three cycles after the event: the elements of b that each bank holds at its address."""
        s = self.spec
        beat = _without_zero(m, self.i_1.payload, s.lanes_b, s.b, s.zero_b, s.b_bits, "beat")
        write_address = delayed(m, writes.address, 1, "write_address", reset_less=True)
        read_address = delayed(m, reads.address, 1, "read_address", reset_less=True)
        turn = [writes.turns.count[k] for k, (_, step) in enumerate(s.writes) if step == 0]
        found = []
        for k in range(s.banks):
            m.submodules[f"bank_{k}"] = bank = Memory(len(beat), FRAMES * s.words, output_register=True, writable=True)
            here = filling & (turn[0] == k) if turn else filling
            m.d.comb += [
                bank.write_enable.eq(delayed(m, here, 1, f"write_{k}")),
                bank.write_address.eq(write_address),
                bank.write_data.eq(beat),
                bank.address.eq(read_address),
            ]
            found.append(_lanes(bank.data, s.lanes_b, s.b_bits))
        return found

    def _sums(self, m: Module, row: list[Value], banks: list[list[Value]]) -> list[Value]:
        """Per column the sum over its SIMD products."""
        s = self.spec
        form = Multiplier if max(s.a_bits, s.b_bits) <= WIDEST else WideMultiplier
        sums = []
        for p in range(s.pe):
            products = []
            for k in range(s.simd):
                m.submodules[f"multiply_{p}_{k}"] = multiplier = form(s.a_bits, s.b_bits)
                element = banks[p][k] if s.inner == "k" else banks[k][p]
                m.d.comb += [multiplier.a.eq(row[k]), multiplier.b.eq(element)]
                products.append(multiplier.y)
            sums.append(add_tree(m, products, f"column_{p}", s.out.width))
        return sums

    def _accumulate(self, m: Module, sums: list[Value], first: Value, active: Value) -> None:
        s = self.spec
        for p, total in enumerate(sums):
            result: Value = total
            if s.steps > 1:
                result = Signal(signed(s.out.width), name=f"accumulator_{p}", reset_less=True)
                with m.If(active):
                    # A partial sum may leave the exact range and wrap; the whole sum is in range, so it comes out right.
                    m.d.sync += result.eq(Mux(first, 0, result) + total)
            m.d.comb += self.o.payload.word_select(p, s.out.width).eq(result)


def _without_zero(m: Module, payload: Value, lanes: int, codes: IntRange, zero: int, bits: int, name: str) -> Value:
    """The elements of a beat minus their zero point, a cycle later."""
    beat = Signal(lanes * bits, name=name, reset_less=True)
    shape = Shape(codes.width, codes.signed)
    values = []
    for lane in range(lanes):
        code = Signal(shape, name=f"{name}_code_{lane}")
        value = Signal(signed(bits), name=f"{name}_value_{lane}")
        m.d.comb += [code.eq(payload.word_select(lane, codes.width)), value.eq(code - zero)]
        values.append(value)
    m.d.sync += beat.eq(Cat(*values))
    return beat


def _lanes(word: Value, lanes: int, bits: int) -> list[Value]:
    return [word.word_select(lane, bits).as_signed() for lane in range(lanes)]
