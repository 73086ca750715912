# SPDX-License-Identifier: Apache-2.0
"""A product with a known factor: shifted copies of the operand, added and subtracted."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen import costs
from hwgen.hdl.adder_tree import add_tree


class ConstantMultiplier(wiring.Component):
    """y = a * factor, `latency` cycles later; a new operand in every cycle.

    The factor is recoded into the fewest non-zero signed digits; each of them is one shifted copy of a in a tree of
    adders with a register after each.
    """

    def __init__(self, a_width: int, factor: int):
        self.a_width, self.factor = a_width, factor
        self.y_width = a_width + factor.bit_length()
        super().__init__({"a": In(signed(a_width)), "y": Out(signed(self.y_width))})

    @property
    def latency(self) -> int:
        return costs.constant_multiplier_latency(self.factor)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a = Signal.like(self.a, name="a_q", reset_less=True)
        m.d.sync += a.eq(self.a)
        rows: list[Value] = []
        for position, digit in costs.signed_digits(self.factor):
            row = Signal(signed(self.y_width), name=f"row_{position}")
            m.d.comb += row.eq((a << position) if digit > 0 else -(a << position))
            rows.append(row)
        if rows:
            m.d.comb += self.y.eq(add_tree(m, rows, "rows", self.y_width, levels=1))
        return m
