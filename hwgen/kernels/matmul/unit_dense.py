# SPDX-License-Identifier: Apache-2.0
"""The dense MAC array: weights from a memory, inputs held for several passes, one accumulator per output lane."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Mux, Shape, Signal, Value, signed, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.hdl.multiplier import WIDEST, Multiplier
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.matmul.digits import Digit, multiple_range, multiples_of
from hwgen.kernels.matmul.folding_dense import DenseSpec, latency
from hwgen.numerics.range import IntRange


class DenseUnit(wiring.Component):
    """Runs blocks x folds x steps cycles a position, without a bubble between positions.

    ``i``: group_lanes x simd inputs; ``o``: group_lanes x pe accumulators. Memory ``weights``: one word a cycle, lane
    ``(group lane * pe + p) * simd + s``.
    """

    def __init__(self, spec: DenseSpec):
        self.spec = spec
        lanes = spec.group_lanes * spec.pe
        self.memories = {
            "weights": Memory(
                lanes * spec.simd * spec.weight_bits,
                spec.weight_depth,
                style=spec.weight_memory,
                output_register=True,
            )
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.group_lanes * spec.simd * spec.x.width))),
                "o": Out(stream.Signature(unsigned(lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        fire = Signal()
        m.submodules.loops = loops = Loops((s.blocks, s.folds, s.steps))
        first_step, last_step = loops.first[2], loops.last[2]
        taking = loops.first[1]
        m.d.comb += [
            fire.eq((~taking | self.i.valid) & (~last_step | self.o_space)),
            self.i.ready.eq(taking & (~last_step | self.o_space)),
            self.o_reserve.eq(fire & last_step),
            loops.step.eq(fire),
        ]
        inputs = self._inputs(m, taking, loops.count[2])
        weights = self._weights(m, fire)
        sums = self._sums(m, inputs, weights)
        depth = latency(s) - (s.steps > 1)
        first, active = delayed(m, first_step, depth, "first"), delayed(m, fire, depth, "active")
        self._accumulate(m, sums, first, active, fire & last_step)
        return m

    def _inputs(self, m: Module, taking: Value, step: Value) -> Value:
        """Three cycles after the event: the beat it took, or the one it took on the first pass."""
        s = self.spec
        arrived = Signal(len(self.i.payload), reset_less=True)
        m.d.sync += arrived.eq(self.i.payload)
        if s.folds == 1:
            return delayed(m, arrived, 2, "arrived", reset_less=True)
        m.submodules.held = held = Memory(len(arrived), s.steps, style="distributed", writable=True)
        slot = delayed(m, step, 1, "slot", reset_less=True)
        fresh = delayed(m, taking, 1, "fresh", reset_less=True)
        m.d.comb += [
            held.address.eq(slot),
            held.write_address.eq(slot),
            held.write_data.eq(arrived),
            held.write_enable.eq(fresh),
        ]
        chosen = Signal(len(arrived), reset_less=True)
        was_fresh = delayed(m, fresh, 1, "was_fresh", reset_less=True)
        was_arrived = delayed(m, arrived, 1, "was_arrived", reset_less=True)
        with m.If(was_fresh):
            m.d.sync += chosen.eq(was_arrived)
        with m.Else():
            m.d.sync += chosen.eq(held.data)
        return chosen

    def _weights(self, m: Module, fire: Value) -> Value:
        """Three cycles after the event: its word of weights; four for digits, which wait for the multiples."""
        m.submodules.weights = memory = self.memories["weights"]
        address = Signal(range(memory.depth))
        if memory.depth > 1:
            with m.If(fire):
                with m.If(address == memory.depth - 1):
                    m.d.sync += address.eq(0)
                with m.Else():
                    m.d.sync += address.eq(address + 1)
        read_address = delayed(m, address, 2 if self.spec.digits else 1, "read_address", reset_less=True)
        m.d.comb += memory.address.eq(read_address)
        return memory.data

    def _sums(self, m: Module, inputs: Value, weights: Value) -> list[Value]:
        """Per output lane the sum over its SIMD products."""
        s = self.spec
        codes = [inputs.word_select(k, s.x.width) for k in range(s.group_lanes * s.simd)]
        values = [code.as_signed() if s.x.signed else code for code in codes]
        if s.digits:
            values = [multiples(m, value, s.x, s.digits, f"input_{k}") for k, value in enumerate(values)]  # type: ignore[misc]
        sums = []
        for lane in range(s.group_lanes * s.pe):
            factors = [weights.word_select(lane * s.simd + k, s.weight_bits) for k in range(s.simd)]
            own = values[lane // s.pe * s.simd :][: s.simd]
            sums.append((self._picked if s.digits else self._multiplied)(m, lane, own, factors))
        return sums

    def _multiplied(self, m: Module, lane: int, values: list[Value], factors: list[Value]) -> Value:
        """In DSP blocks."""
        s, products = self.spec, []
        form = Multiplier if max(signed_bits(s.x), s.weight_bits) <= WIDEST else WideMultiplier
        for k, (value, factor) in enumerate(zip(values, factors, strict=True)):
            m.submodules[f"multiply_{lane}_{k}"] = multiplier = form(signed_bits(s.x), s.weight_bits)
            m.d.comb += [multiplier.a.eq(value), multiplier.b.eq(factor.as_signed())]
            products.append(multiplier.y)
        return add_tree(m, products, f"lane_{lane}", s.out.width)

    def _picked(self, m: Module, lane: int, values: list[dict[int, Value]], factors: list[Value]) -> Value:
        """Digit by digit: equal shifts are added up first."""
        s, by_digit = self.spec, []
        for n, digit in enumerate(s.digits):
            shape = Shape(digit.range(s.x).width, digit.range(s.x).signed)
            picked = []
            for k, (value, factor) in enumerate(zip(values, factors, strict=True)):
                choice = Signal(shape, name=f"pick_{lane}_{n}_{k}", reset_less=True)
                m.d.sync += choice.eq(pick(value, digit, factor))
                picked.append(choice)
            total = add_tree(m, picked, f"lane_{lane}_{n}", s.out.width)
            by_digit.append((total << digit.shift)[: s.out.width].as_signed() if digit.shift else total)
        return add_tree(m, by_digit, f"lane_{lane}", s.out.width)

    def _accumulate(self, m: Module, sums: list[Value], first: Value, active: Value, giving: Value) -> None:
        s = self.spec
        m.d.comb += self.o.valid.eq(delayed(m, giving, latency(s), "giving"))
        for lane, total in enumerate(sums):
            result: Value = total
            if s.steps > 1:
                result = Signal(signed(s.out.width), name=f"accumulator_{lane}", reset_less=True)
                before = Signal.like(result, name=f"before_{lane}")
                m.d.comb += before.eq(Mux(first, 0, result))
                with m.If(active):
                    # A partial sum may leave the exact range and wrap; the whole sum is in range, so it comes out right.
                    m.d.sync += result.eq(before + total)
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(result)


def multiples(m: Module, value: Value, x: IntRange, digits: tuple[Digit, ...], name: str) -> dict[int, Value]:
    """One cycle later: every multiple that some digit picks of a `value` in the range `x`."""
    made: dict[int, Value] = {0: Const(0, 1)}
    for multiple in (1, -1, 3):
        if {multiple, 2 * multiple} & set(multiples_of(digits)):
            known = multiple_range(multiple, x)
            shape = Shape(known.width, known.signed)
            made[multiple] = Signal(shape, name=f"{name}_times_{multiple}".replace("-", "minus_"), reset_less=True)
            m.d.sync += made[multiple].eq(-value if multiple < 0 else value + (value << 1) if multiple > 1 else value)
            made[2 * multiple] = made[multiple] << 1
    return made


def pick(multiples: dict[int, Value], digit: Digit, code: Value) -> Value:
    """The multiple that the digit of a stored weight picks."""
    options = [multiples[multiple] for multiple in digit.multiples]
    for bit in range(digit.bits):
        options = [Mux(code[digit.position + bit], b, a) for a, b in zip(options[::2], options[1::2], strict=True)]
    return options[0]
