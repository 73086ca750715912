# SPDX-License-Identifier: Apache-2.0
"""Requantize by division without a multiplier: form division."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Module, Mux, Signal, Value, signed

from hwgen.hdl.add_subtract import AddSubtract
from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.requantize.spec import DivisionSpec, signed_bits
from hwgen.kernels.requantize.unit_base import RequantizeUnit
from hwgen.kernels.requantize.unit_index import code_of_index


class DivisionUnit(RequantizeUnit):
    """index = (acc * 2**fraction + addend) // divisor, one bit a stage, highest first.

    The remainder starts at ``numerator - 2**(bits - 1) * divisor``. Its sign is the first bit; then half as much is
    subtracted (bit 1) or added (bit 0), and so on: a binary search in which each step is one adder as wide as the
    divisor, because the bits below pass by and the bits above cannot be set. A numerator outside of 0 .. 2**bits *
    divisor shows as an overflow of these widths at some step; all bits from there on repeat the bit before.
    Before the last bit, the nudge is added to the remainder.
    Memories ``addends`` (signed), ``divisors`` (unsigned) where they differ, ``nudges`` (signed) where there are any,
    ``falling`` where only some channels fall, and ``live`` where only some depend on their accumulator.
    """

    spec: DivisionSpec

    def make_memories(self) -> dict[str, Memory]:
        s = self.spec
        if s.constants:
            return {}
        bits = {"addends": s.addend_bits}
        if not s.divisor:
            bits["divisors"] = s.divisor_bits
        if s.nudge_bits:
            bits["nudges"] = s.nudge_bits
        bits |= {name: 1 for name, of in (("falling", s.falling), ("live", s.live)) if of == "some"}
        return self.constant_memories(bits)

    def prepare(self, m: Module) -> None:
        s = self.spec
        if s.constants:
            return
        self.addends = self.read(m, "addends", s.start)
        if s.live == "some":
            self.live = self.read(m, "live", s.start)
        if not s.divisor:
            self._pass_divisors_along(m)
        if s.nudge_bits:
            self.nudges = self.read(m, "nudges", s.latency - 2)
        if s.falling == "some":
            self.falls = self.read(m, "falling", s.latency - 1)

    def _pass_divisors_along(self, m: Module) -> None:
        """`divisors`: for each step but the last, those of all lanes."""
        divisors = self.read(m, "divisors", self.spec.start + 1)
        self.divisors: list[Value] = [divisors]
        for step in range(1, self.spec.index_bits - 1):
            later = Signal.like(divisors, name=f"divisors_{step}", reset_less=True)
            m.d.sync += later.eq(self.divisors[-1])
            self.divisors.append(later)

    def lane(self, m: Module, lane: int, accumulator: Value) -> Value:
        s = self.spec
        waited = delayed(m, accumulator, s.start, f"accumulator_{lane}", reset_less=True)
        if s.live != "all":
            live = Const(0) if s.live == "no" else self.live[lane]
            waited = Mux(live, waited, 0)
        if s.constants:
            addend: Value = Const(s.constants[0], signed(s.addend_bits))
        else:
            addend = self.addends.word_select(lane, s.addend_bits).as_signed()
        rest = Signal(signed(signed_bits(s.rest)), name=f"rest_{lane}_{s.index_bits - 1}", reset_less=True)
        m.d.sync += rest.eq(Cat(addend[: s.fraction], waited + (addend >> s.fraction)).as_signed())
        bits: list[Value] = []
        outside: Value = Const(0)
        for step in reversed(range(s.index_bits)):
            if step == 0 and s.nudge_bits:
                rest, outside, bits = self._nudged(m, lane, rest, outside, bits)
            bit = Signal(name=f"bit_{lane}_{step}")
            m.d.comb += bit.eq(Mux(outside, bits[-1], ~rest[-1]) if bits else ~rest[-1])
            bits = [*bits, bit]
            if step:
                if s.saturates:
                    outside = self._overflow(m, lane, step, rest, outside)
                rest = self._next_rest(m, lane, step, rest, bit)
                bits = self._kept(m, lane, step, bits)
        falls = Const(int(s.falling == "all")) if s.falling != "some" else self.falls[lane]
        return code_of_index(m, lane, Cat(*reversed(bits)), falls, s)

    def _nudged(
        self, m: Module, lane: int, rest: Value, outside: Value, bits: list[Value]
    ) -> tuple[Value, Value, list[Value]]:
        s = self.spec
        if s.constants:
            nudge: Value = Const(s.constants[1], signed(s.nudge_bits))
        else:
            nudge = self.nudges.word_select(lane, s.nudge_bits).as_signed()
        nudged = Signal(signed(max(len(rest), s.nudge_bits) + 1), name=f"nudged_{lane}", reset_less=True)
        still_outside = Signal(name=f"outside_{lane}_0", reset_less=True)
        m.d.sync += [nudged.eq(rest + nudge), still_outside.eq(outside)]
        return nudged, still_outside, self._kept(m, lane, 0, bits)

    def _overflow(self, m: Module, lane: int, step: int, rest: Value, outside: Value) -> Signal:
        """Whether the search has left the divisor's reach at this step or before; a cycle later."""
        limit = self.spec.divisor_bits + step
        above = rest[limit:]
        now = Signal(name=f"outside_{lane}_{step}", reset_less=True)
        m.d.sync += now.eq(outside | (above.any() & ~above.all()))
        return now

    def _next_rest(self, m: Module, lane: int, step: int, rest: Value, bit: Value) -> Signal:
        """The remainder after half as much is taken off (bit 1) or put back (bit 0)."""
        s = self.spec
        kept = rest[: s.divisor_bits + step + 1].as_signed()
        low, high = kept[: step - 1], kept[step - 1 :].as_signed()
        if s.divisor:
            total: Value = high + Mux(bit, Const(-s.divisor), Const(s.divisor))
        else:
            divisor = self.divisors[s.index_bits - 1 - step].word_select(lane, s.divisor_bits)
            m.submodules[f"step_{lane}_{step}"] = step_sum = AddSubtract(s.divisor_bits + 2)
            m.d.comb += [step_sum.subtract.eq(bit), step_sum.a.eq(high), step_sum.b.eq(divisor)]
            total = step_sum.y
        next_rest = Signal(signed(s.divisor_bits + step + 1), name=f"rest_{lane}_{step - 1}", reset_less=True)
        m.d.sync += next_rest.eq(Cat(low, total).as_signed())
        return next_rest

    def _kept(self, m: Module, lane: int, step: int, bits: list[Value]) -> list[Value]:
        """The bits found so far, a cycle later."""
        found = Signal(len(bits), name=f"found_{lane}_{step}", reset_less=True)
        m.d.sync += found.eq(Cat(*bits))
        return list(found)
