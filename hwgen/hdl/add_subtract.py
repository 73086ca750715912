# SPDX-License-Identifier: Apache-2.0
"""An adder that can also subtract, in hand-written Verilog that maps onto one carry chain."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Instance, Module, Mux, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out


class AddSubtract(wiring.Component):
    """y = a - b where `subtract` is set, else a + b; signed words of `width` bits that wrap; no register."""

    def __init__(self, width: int):
        self.width = width
        super().__init__({"subtract": In(1), "a": In(signed(width)), "b": In(signed(width)), "y": Out(signed(width))})

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        if platform is None:
            m.d.comb += self.y.eq(Mux(self.subtract, self.a - self.b, self.a + self.b))
            return m
        m.submodules.add_subtract = Instance(
            "hwgen_add_subtract",
            p_WIDTH=self.width,
            i_subtract=self.subtract,
            i_a=self.a,
            i_b=self.b,
            o_y=self.y,
        )
        return m
