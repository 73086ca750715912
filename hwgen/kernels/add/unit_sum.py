# SPDX-License-Identifier: Apache-2.0
"""Add as a plane: multiply both codes, add, shift, clamp."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Signal, Value, signed, unsigned
from amaranth.lib import wiring

from hwgen import costs
from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.pair_issue import issue_pairs, pair_ports
from hwgen.hdl.rounding import clamp, rounding_shift
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.add.folding import SumSpec, is_tabulated, signed_bits
from hwgen.numerics.range import IntRange


class SumUnit(wiring.Component):
    """Each event takes a beat of ``i_a`` and of ``i_b`` and gives their rounded sums."""

    def __init__(self, spec: SumSpec):
        self.spec = spec
        super().__init__(pair_ports(spec.lanes * spec.a.width, spec.lanes * spec.b.width, spec.lanes * spec.out.width))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        shape = signed(s.out.width) if s.out.signed else unsigned(s.out.width)
        bits = signed_bits(s.sums)
        for lane in range(s.lanes):
            terms = [
                *self._terms(m, f"a_{lane}", self.i_a.payload, lane, s.a, s.multiplier_a),
                *self._terms(m, f"b_{lane}", self.i_b.payload, lane, s.b, s.multiplier_b),
            ]
            if (s.addend and not s.addend_in_table) or not terms:
                terms.append(Const(s.addend, signed(bits)))
            total = Signal(signed(bits), name=f"total_{lane}")
            m.d.comb += total.eq(add_tree(m, terms, f"lane_{lane}", bits, levels=1))
            shifted = rounding_shift(m, total, s.shift, s.ties, f"total_{lane}")
            code = clamp(m, shifted, s.shifted, s.clamp, shape, f"code_{lane}")
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(code)
        issue_pairs(m, self, s.latency)
        return m

    def _terms(self, m: Module, name: str, payload: Value, lane: int, codes: IntRange, factor: int) -> list[Value]:
        """The product of one operand, or what it is the sum of, `product_latency` cycles later."""
        s = self.spec
        arrived = payload.word_select(lane, codes.width)
        code = Signal(signed(codes.width + 1), name=f"code_{name}")
        m.d.comb += code.eq(arrived.as_signed() if codes.signed else arrived)
        if s.multiplier == "dsp":
            return [self._product(m, name, code, factor)]
        code = delayed(m, code, 1, f"code_{name}", reset_less=True)
        if is_tabulated(codes, factor):
            addend = s.addend if s.addend_in_table == name[0] else 0
            return self._tables(m, name, code, codes, factor, addend)
        code = delayed(m, code, s.product_latency - 1, f"code_{name}_waiting", reset_less=True)
        rows: list[Value] = []
        for position, digit in costs.signed_digits(factor):
            row = Signal(signed(codes.width + 2 + position), name=f"row_{name}_{position}")
            m.d.comb += row.eq((code << position) if digit > 0 else -(code << position))
            rows.append(row)
        return rows

    def _tables(self, m: Module, name: str, code: Value, codes: IntRange, factor: int, addend: int) -> list[Value]:
        """For each 4 bits of the code a table of their multiples; the lowest one also adds the addend."""
        rows: list[Value] = []
        for start in range(0, codes.width, 4):
            width = min(4, codes.width - start)
            top = codes.signed and start + width == codes.width
            weights = [(k - (1 << width) if top and k >> (width - 1) else k) << start for k in range(1 << width)]
            values = [weight * factor + (addend if start == 0 else 0) for weight in weights]
            row = Signal(
                signed(signed_bits(IntRange(min(values), max(values)))),
                name=f"multiple_{name}_{start}",
                reset_less=True,
            )
            with m.Switch(code[start : start + width]):
                for k, value in enumerate(values):
                    with m.Case(k):
                        m.d.sync += row.eq(value)
            rows.append(row)
        return rows

    def _product(self, m: Module, name: str, code: Value, factor: int) -> Value:
        """Both multipliers get the same widths, so that both products take the same time."""
        a_bits, b_bits = self.spec.product_bits
        m.submodules[f"multiply_{name}"] = multiplier = WideMultiplier(a_bits, b_bits)
        m.d.comb += [multiplier.a.eq(code), multiplier.b.eq(Const(factor, signed(b_bits)))]
        return multiplier.y
