# SPDX-License-Identifier: Apache-2.0
"""A registered signed multiplier that synthesis can place into one DSP block, registers included."""

from __future__ import annotations

from amaranth.hdl import ClockSignal, Elaboratable, Instance, Module, Signal, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

WIDEST = 18
"""Bits of an operand."""


class Multiplier(wiring.Component):
    """y = a * b of signed operands of at most 18 bits, two cycles later; a new pair in every cycle."""

    latency = 2

    def __init__(self, a_width: int, b_width: int):
        if not (1 <= a_width <= WIDEST and 1 <= b_width <= WIDEST):
            raise ValueError(f"Multiplier takes operands of 1 to 18 bits, not {a_width} and {b_width}")
        self.a_width, self.b_width = a_width, b_width
        super().__init__({"a": In(signed(a_width)), "b": In(signed(b_width)), "y": Out(signed(a_width + b_width))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        if platform is None:
            a = Signal(signed(self.a_width), reset_less=True)
            b = Signal(signed(self.b_width), reset_less=True)
            m.d.sync += [a.eq(self.a), b.eq(self.b), self.y.eq(a * b)]
            return m
        m.submodules.multiply = Instance(
            "hwgen_multiply",
            p_A_WIDTH=self.a_width,
            p_B_WIDTH=self.b_width,
            i_clk=ClockSignal(),
            i_a=self.a,
            i_b=self.b,
            o_y=self.y,
        )
        return m
