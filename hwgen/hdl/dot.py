# SPDX-License-Identifier: Apache-2.0
"""A chain of multipliers that hand their sum on, which synthesis can place into a column of DSP blocks."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Const, Elaboratable, Instance, Module, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class Dot(wiring.Component):
    """y = start + a_0 * b_0 + a_1 * b_1 + ..., the lowest `y_width` bits of it; new operands in every cycle.

    a, b: `terms` signed operands each, the first in the low bits. Operands k enter k cycles after operands 0, from which
    y follows `latency` cycles later.
    """

    def __init__(self, terms: int, a_width: int, b_width: int, y_width: int, start: int = 0):
        self.terms, self.a_width, self.b_width, self.y_width, self.start = terms, a_width, b_width, y_width, start
        super().__init__({"a": In(terms * a_width), "b": In(terms * b_width), "y": Out(y_width)})

    @property
    def latency(self) -> int:
        return self.terms + 2

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        if platform is not None:
            m.submodules.dot = Instance(
                "hwgen_dot",
                p_TERMS=self.terms,
                p_A_WIDTH=self.a_width,
                p_B_WIDTH=self.b_width,
                p_Y_WIDTH=self.y_width,
                p_START=Const(self.start, self.y_width),
                i_clk=ClockSignal(),
                i_a=self.a,
                i_b=self.b,
                o_y=self.y,
            )
            return m
        total: Value | int = self.start
        for k in range(self.terms):
            a = Signal(signed(self.a_width), name=f"a_{k}", reset_less=True)
            b = Signal(signed(self.b_width), name=f"b_{k}", reset_less=True)
            product = Signal(signed(self.a_width + self.b_width), name=f"product_{k}", reset_less=True)
            later = Signal(self.y_width, name=f"sum_{k}", reset_less=True)
            m.d.sync += [
                a.eq(self.a.word_select(k, self.a_width)),
                b.eq(self.b.word_select(k, self.b_width)),
                product.eq(a * b),
                later.eq(total + product),
            ]
            total = later
        m.d.comb += self.y.eq(total)
        return m
