# SPDX-License-Identifier: Apache-2.0
"""Requantize as a straight line, shifted and clamped: forms multiply_shift and tie_even_shift."""

from __future__ import annotations

from amaranth.hdl import Const, Module, Signal, Value, signed, unsigned

from hwgen.hdl.constant_multiplier import ConstantMultiplier
from hwgen.hdl.delay import delayed
from hwgen.hdl.fabric_multiplier import FabricMultiplier
from hwgen.hdl.memory import Memory
from hwgen.hdl.rounding import clamp, rounding_shift
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.requantize.spec import LineSpec, signed_bits
from hwgen.kernels.requantize.unit_base import RequantizeUnit
from hwgen.numerics.range import IntRange


class LineUnit(RequantizeUnit):
    """y = clamp((acc * multiplier + addend) >> shift), rounding ties as the spec says.

    Memories ``multipliers`` and ``addends`` (where the constants differ between channels): one signed number a lane.
    """

    spec: LineSpec

    def make_memories(self) -> dict[str, Memory]:
        s = self.spec
        if s.constants:
            return {}
        bits = {"multipliers": s.multiplier_bits, "addends": s.addend_bits}
        if s.multiplier == "none":
            del bits["multipliers"]
        return self.constant_memories(bits)

    def prepare(self, m: Module) -> None:
        s = self.spec
        self.multiply_stage = s.start + int(s.window_bits > 0)
        self.add_stage = self.multiply_stage + s.product_latency
        if not s.constants:
            self.addends = self.read(m, "addends", self.add_stage)
            if s.multiplier != "none":
                self.multipliers = self.read(m, "multipliers", self.multiply_stage)

    def lane(self, m: Module, lane: int, accumulator: Value) -> Value:
        s = self.spec
        waited = delayed(m, accumulator, s.start, f"accumulator_{lane}", reset_less=True)
        if s.window_bits:
            waited = self._saturated(m, lane, waited)
        total = Signal(signed(signed_bits(s.sums)), name=f"total_{lane}", reset_less=True)
        m.d.sync += total.eq(self._product(m, lane, waited) + self._addend(lane))
        shifted = rounding_shift(m, total, s.shift, s.ties, f"total_{lane}")
        shape = signed(s.out.width) if s.out.signed else unsigned(s.out.width)
        return clamp(m, shifted, s.rounded, s.clamp, shape, f"code_{lane}")

    def _saturated(self, m: Module, lane: int, accumulator: Value) -> Value:
        """The accumulator within `window_bits` signed bits, a cycle later."""
        limit = IntRange.of_bits(self.spec.window_bits, signed=True)
        saturated = Signal(signed(self.spec.window_bits), name=f"saturated_{lane}", reset_less=True)
        with m.If(accumulator > limit.hi):
            m.d.sync += saturated.eq(limit.hi)
        with m.Elif(accumulator < limit.lo):
            m.d.sync += saturated.eq(limit.lo)
        with m.Else():
            m.d.sync += saturated.eq(accumulator)
        return saturated

    def _product(self, m: Module, lane: int, accumulator: Value) -> Value:
        s = self.spec
        if s.multiplier == "none":
            return accumulator
        factor: Value = Const(0)
        if s.constants:
            factor = Const(s.constants[0], signed(s.multiplier_bits))
        else:
            factor = self.multipliers.word_select(lane, s.multiplier_bits).as_signed()
        if s.multiplier == "lut" and s.constants:
            unit: ConstantMultiplier | FabricMultiplier | WideMultiplier
            unit = ConstantMultiplier(s.factor_bits, s.constants[0])
        elif s.multiplier == "lut":
            unit = FabricMultiplier(s.factor_bits, s.multiplier_bits)
        else:
            unit = WideMultiplier(s.factor_bits, s.multiplier_bits)
        m.submodules[f"multiply_{lane}"] = unit
        m.d.comb += unit.a.eq(accumulator)
        if not isinstance(unit, ConstantMultiplier):
            m.d.comb += unit.b.eq(factor)
        return unit.y

    def _addend(self, lane: int) -> Value:
        s = self.spec
        if s.constants:
            return Const(s.constants[1], signed(s.addend_bits))
        return self.addends.word_select(lane, s.addend_bits).as_signed()
