# SPDX-License-Identifier: Apache-2.0
"""The unit of Multiply: zero points taken off, then one multiplier a lane."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, Value, signed
from amaranth.lib import wiring

from hwgen.hdl.fabric_multiplier import FabricMultiplier
from hwgen.hdl.pair_issue import issue_pairs, pair_ports
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.multiply.folding import MultiplySpec
from hwgen.numerics.range import IntRange


class MultiplyUnit(wiring.Component):
    """Each event takes a beat of ``i_a`` and of ``i_b`` and gives their products."""

    def __init__(self, spec: MultiplySpec):
        self.spec = spec
        super().__init__(pair_ports(spec.lanes * spec.a.width, spec.lanes * spec.b.width, spec.lanes * spec.out.width))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        a_bits, b_bits = s.factor_bits
        for lane in range(s.lanes):
            a = self._factor(m, self.i_a.payload, lane, s.a, s.zero_a, a_bits, f"factor_a_{lane}")
            b = self._factor(m, self.i_b.payload, lane, s.b, s.zero_b, b_bits, f"factor_b_{lane}")
            if s.multiplier == "lut" and a_bits < b_bits:
                a, b = b, a  # a LUT multiplier has one row for each bit of b
            kind = WideMultiplier if s.multiplier == "dsp" else FabricMultiplier
            m.submodules[f"multiply_{lane}"] = multiplier = kind(len(a), len(b))
            m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(multiplier.y)
        issue_pairs(m, self, s.latency)
        return m

    def _factor(self, m: Module, payload: Value, lane: int, codes: IntRange, zero: int, bits: int, name: str) -> Signal:
        """The code without its zero point; a register only where one of the two has one."""
        code = payload.word_select(lane, codes.width)
        factor = Signal(signed(bits), name=name, reset_less=True)
        value = (
            (code.as_signed() if codes.signed else code) - zero if zero else code.as_signed() if codes.signed else code
        )
        if self.spec.subtracts:
            m.d.sync += factor.eq(value)
        else:
            m.d.comb += factor.eq(value)
        return factor
