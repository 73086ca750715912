# SPDX-License-Identifier: Apache-2.0
"""A signed product in LUTs, for designs that have no multiplier blocks left."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen import costs
from hwgen.hdl.adder_tree import add_tree


class FabricMultiplier(wiring.Component):
    """y = a * b of signed operands, `latency` cycles later: one shifted copy of a for each bit of b, and a tree of
    adders with a register after each. A new pair in every cycle; the narrower operand should be b."""

    def __init__(self, a_width: int, b_width: int):
        self.a_width, self.b_width = a_width, b_width
        super().__init__({"a": In(signed(a_width)), "b": In(signed(b_width)), "y": Out(signed(a_width + b_width))})

    @property
    def latency(self) -> int:
        return costs.fabric_multiplier_latency(self.b_width)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        a, b = Signal.like(self.a, name="a_q", reset_less=True), Signal.like(self.b, name="b_q", reset_less=True)
        m.d.sync += [a.eq(self.a), b.eq(self.b)]
        rows: list[Value] = [Mux(b[k], a << k, 0) for k in range(self.b_width - 1)]
        rows.append(Mux(b[-1], -(a << (self.b_width - 1)), 0))
        m.d.comb += self.y.eq(add_tree(m, rows, "rows", self.a_width + self.b_width, levels=1))
        return m
