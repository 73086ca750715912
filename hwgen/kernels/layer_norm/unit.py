# SPDX-License-Identifier: Apache-2.0
"""LayerNorm in two passes over a ring of rows: sums while it is written, normalization while it is read."""

from __future__ import annotations

from amaranth.hdl import Array, Cat, Const, Elaboratable, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.constant_multiplier import ConstantMultiplier
from hwgen.hdl.delay import delayed
from hwgen.hdl.fabric_multiplier import FabricMultiplier
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.hdl.rounding import clamp, rounding_shift
from hwgen.hdl.row_ring import RowRing, Walk
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.layer_norm.folding import RING_LATENCY, SHIFT_BITS, TwoPassSpec, signed_bits
from hwgen.kernels.layer_norm.unit_root import ReciprocalRoot
from hwgen.numerics.range import IntRange

Word = tuple[Value, Value, Value]
"""What is written for a row: enable, row, word."""


class TwoPassUnit(wiring.Component):
    """Takes a beat and gives one in each cycle, the second pass a row and a reciprocal root behind the first.

    ``i``: lanes codes of a row; ``o``: lanes results. Memories ``gains_<lane>`` and ``biases_<lane>``, where these
    differ between the elements of a row: one word a beat. A row of the ring is free again when it has been read.
    """

    def __init__(self, spec: TwoPassSpec):
        self.spec = s = spec
        kinds = (("gains", s.gain, s.gain_bits), ("biases", s.bias, s.bias_bits))
        self.memories = {
            f"{name}_{lane}": Memory(bits, s.beats, output_register=True)
            for name, one, bits in kinds
            for lane in range(s.lanes if one is None else 0)
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
        for name, memory in self.memories.items():
            m.submodules[name] = memory
        self.ring = ring = RowRing(m, s.rows, s.beats)
        take, give = ring.walk("take"), ring.walk("give")
        m.d.comb += [
            take.move.eq(self.i.valid & ring.ready("free", s.rows, take, give, 1)),
            self.i.ready.eq(take.move),
            give.move.eq(ring.ready("whole", 0, give, take, s.delay) & self.o_space),
            self.o_reserve.eq(give.move),
            self.o.valid.eq(delayed(m, give.move, s.latency, "given")),
        ]
        summed, total, squares = self._sums(m, take)
        root, shift = self._root(m, summed, self._radicand(m, total, squares), give)
        amounts = self._amounts(m, shift)
        for lane, numerator in enumerate(self._numerators(m, take, give, (*summed, total))):
            t = self._quotient(m, lane, numerator, root, amounts)
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(self._code(m, lane, t, give))
        return m

    def _sums(self, m: Module, take: Walk) -> tuple[tuple[Value, Value], Value, Value]:
        """((a row is complete, which), sum of its codes less `offset`, sum of their squares)."""
        s = self.spec
        beat = delayed(m, self.i.payload, 1, "arrived", reset_less=True)
        codes = self._codes(m, beat, "u")
        squares = [self._product(m, f"square_{k}", u, u).as_unsigned() for k, u in enumerate(codes)]
        waits = s.product_latency(s.u_bits, s.u_bits)
        ends = tuple(
            delayed(m, value, s.summed_latency - 1, f"take_{name}")
            for name, value in (("moved", take.move), ("first", take.first), ("last", take.last), ("row", take.row))
        )
        squares_bits = s.squares.width
        of_beat = add_tree(m, [Cat(q[: 2 * s.u_bits - 1], 0).as_signed() for q in squares], "squares", squares_bits + 1)
        square_sum = self._accumulated(m, "squares", of_beat.as_unsigned()[:squares_bits], ends[:2])
        total: Value = Const(0)
        if s.centered:
            of_beat = delayed(m, add_tree(m, codes, "codes", s.total_bits), waits, "codes_waiting", reset_less=True)
            total = self._accumulated(m, "total", of_beat.as_signed(), ends[:2])
        done = delayed(m, ends[0] & ends[2], 1, "summed"), delayed(m, ends[3], 1, "summed_row", reset_less=True)
        return done, total, square_sum

    def _accumulated(self, m: Module, name: str, beat: Value, moves: tuple[Value, ...]) -> Value:
        """The sum of a row's beats so far, in a register."""
        s = self.spec
        moved, first = moves
        shape = signed(s.total_bits) if name == "total" else unsigned(s.squares.width)
        total = Signal(shape, name=f"{name}_sum", reset_less=True)
        with m.If(moved):
            m.d.sync += total.eq(Mux(first, 0, total) + beat)
        return total

    def _radicand(self, m: Module, total: Value, squares: Value) -> Value:
        """D, `spread_latency` cycles behind the sums."""
        s = self.spec
        spread = squares
        if s.centered:
            square = self._product(m, "square_of_total", total, total)
            m.submodules.row_times_squares = times = ConstantMultiplier(s.squares.width + 1, s.row)
            m.d.comb += times.a.eq(squares)
            waits = s.spread_latency - 2
            square = delayed(
                m, square, waits - s.product_latency(s.total_bits, s.total_bits), "square_waiting", reset_less=True
            )
            scaled = delayed(m, times.y, waits - s.row_times_squares_latency, "scaled_waiting", reset_less=True)
            spread = Signal(s.spread.width, name="spread", reset_less=True)
            m.d.sync += spread.eq(scaled - square)
        radicand = Signal(s.root.radicand_bits, name="radicand", reset_less=True)
        below = Const(s.epsilon & ((1 << s.epsilon_bits) - 1), s.epsilon_bits)
        m.d.sync += radicand.eq(Cat(below, spread + (s.epsilon >> s.epsilon_bits)))
        return radicand

    def _root(self, m: Module, summed: tuple[Value, Value], radicand: Value, give: Walk) -> tuple[Value, Value]:
        """(root, shift) of the row that `give` reads, when its numerators are there. The roots take turns."""
        s = self.spec
        start = delayed(m, summed[0], s.spread_latency, "spread_found")
        m.submodules.turn = turn = Loops((s.roots,))
        m.d.comb += turn.step.eq(start)
        done, found = Const(0), []
        for k in range(s.roots):
            m.submodules[f"root_{k}"] = unit = ReciprocalRoot(s.root)
            m.d.comb += [unit.start.eq(start & (turn.count[0] == k)), unit.radicand.eq(radicand)]
            found.append(Cat(unit.root, unit.shift))
            done = done | unit.done
        # rows end in the order in which they came
        m.submodules.found = ended = Loops((s.roots,))
        m.submodules.row_found = row = Loops((s.rows,))
        m.d.comb += [ended.step.eq(done), row.step.eq(done)]
        word = Array(found)[ended.count[0]] if s.roots > 1 else found[0]
        write = done, row.count[0], word
        held = self.ring.by_row("roots", len(found[0]), write, give, s.numerator_latency)
        return held[: s.root.bits], held[s.root.bits :]

    def _numerators(self, m: Module, take: Walk, give: Walk, totals: Word) -> list[Value]:
        """row * u - total, or u, for each lane, `numerator_latency` cycles after the event of `give`."""
        s = self.spec
        beat = self.ring.beats_of("codes", self.i.payload, take, give)
        codes = self._codes(m, beat, "u_again")
        if not s.centered:
            return codes
        total = self.ring.by_row("totals", s.total_bits, totals, give, s.numerator_latency - 1).as_signed()
        numerators = []
        for lane, u in enumerate(codes):
            m.submodules[f"row_times_{lane}"] = times = ConstantMultiplier(s.u_bits, s.row)
            numerator = Signal(signed(s.numerator_bits), name=f"numerator_{lane}", reset_less=True)
            m.d.comb += times.a.eq(u)
            m.d.sync += numerator.eq(times.y - total)
            numerators.append(numerator)
        return numerators

    def _amounts(self, m: Module, shift: Value) -> list[Value]:
        """By how much each stage of the shifters shifts, in units of its lowest bit; the highest bits come first."""
        s = self.spec
        waits = s.product_latency(s.numerator_bits, s.root.bits + 1)
        shift = delayed(m, shift, waits, "shift", reset_less=True)
        lows = list(reversed(range(0, s.root.shift_bits, SHIFT_BITS)))
        return [
            delayed(m, shift[low : low + SHIFT_BITS], k, f"amount_{low}", reset_less=True) for k, low in enumerate(lows)
        ]

    def _quotient(self, m: Module, lane: int, numerator: Value, root: Value, amounts: list[Value]) -> Value:
        """t, `t_latency` cycles behind the numerator."""
        s = self.spec
        product = self._product(m, f"times_root_{lane}", numerator, Cat(root, 0).as_signed())
        value = Cat(Const(0, s.padding), product).as_signed()
        for k, amount in enumerate(amounts):
            low = SHIFT_BITS * (len(amounts) - 1 - k)
            bits = min(len(value), s.t.width + (1 << low) - 1)
            shifted = Signal(signed(bits), name=f"shifted_{lane}_{low}", reset_less=True)
            m.d.sync += shifted.eq(Array((value >> (n << low))[:bits] for n in range(1 << len(amount)))[amount])
            value = shifted
        return value

    def _code(self, m: Module, lane: int, t: Value, give: Walk) -> Value:
        """The result: gain, bias with the zero point in it, rounding, clip."""
        s = self.spec
        at = s.numerator_latency + s.t_latency
        waits = s.product_latency(s.t.width, s.gain_bits)
        gain = self._constant(m, "gains", lane, s.gain, s.gain_bits, give, at)
        bias = self._constant(m, "biases", lane, s.bias, s.bias_bits, give, at + waits)
        total = Signal(signed(signed_bits(s.sums)), name=f"total_{lane}", reset_less=True)
        m.d.sync += total.eq((self._product(m, f"times_gain_{lane}", t, gain) >> s.cut_bits) + bias)
        # ties go to the code that is even without the zero point
        rounded = rounding_shift(m, total, s.scale_bits, "odd" if s.zero_point & 1 else "even", f"total_{lane}")
        reach = IntRange(s.sums.lo >> s.scale_bits, (s.sums.hi >> s.scale_bits) + 1)
        return clamp(
            m, rounded, reach, s.out, signed(s.out.width) if s.out.signed else unsigned(s.out.width), f"code_{lane}"
        )

    def _constant(self, m: Module, name: str, lane: int, one: int | None, bits: int, give: Walk, when: int) -> Value:
        """The gain or bias of the lane's element, `when` cycles after the event of `give`."""
        if one is not None:
            return Const(one, signed(bits))
        memory = self.memories[f"{name}_{lane}"]
        m.d.comb += memory.address.eq(
            delayed(m, give.column, when - RING_LATENCY, f"{name}_{lane}_at", reset_less=True)
        )
        return memory.data.as_signed()

    def _product(self, m: Module, name: str, a: Value, b: Value) -> Value:
        """a * b of signed words, `product_latency` cycles later."""
        if self.spec.multiplier == "lut" and len(a) < len(b):
            a, b = b, a  # a LUT multiplier has one row for each bit of b
        kind = WideMultiplier if self.spec.multiplier == "dsp" else FabricMultiplier
        m.submodules[name] = unit = kind(len(a), len(b))
        m.d.comb += [unit.a.eq(a), unit.b.eq(b)]
        return unit.y

    def _codes(self, m: Module, beat: Value, name: str) -> list[Value]:
        """The codes of a beat less `offset`; where that is half of their range, it flips their highest bit."""
        s = self.spec
        codes: list[Value] = []
        for lane in range(s.lanes):
            code = beat.word_select(lane, s.x.width)
            u = Signal(signed(s.u_bits), name=f"{name}_{lane}")
            if not s.x.signed and s.offset == 1 << (s.x.width - 1):
                m.d.comb += u.eq(Cat(code[:-1], ~code[-1]).as_signed())
            else:
                m.d.comb += u.eq((code.as_signed() if s.x.signed else code) - s.offset)
            codes.append(u)
        return codes
