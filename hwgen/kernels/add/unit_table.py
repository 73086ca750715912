# SPDX-License-Identifier: Apache-2.0
"""Add as a table of both codes."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module
from amaranth.lib import wiring

from hwgen.hdl.memory import Memory
from hwgen.hdl.pair_issue import issue_pairs, pair_ports
from hwgen.kernels.add.folding import SumTableSpec


class SumTableUnit(wiring.Component):
    """Memories ``table_<lane>``: the result of a and b at the address of a's bits above b's."""

    def __init__(self, spec: SumTableSpec):
        self.spec = spec
        self.memories = {
            f"table_{lane}": Memory(spec.out.width, spec.depth, style="block", output_register=True)
            for lane in range(spec.lanes)
        }
        super().__init__(pair_ports(spec.lanes * spec.a.width, spec.lanes * spec.b.width, spec.lanes * spec.out.width))

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        for lane in range(s.lanes):
            m.submodules[f"table_{lane}"] = table = self.memories[f"table_{lane}"]
            a = self.i_a.payload.word_select(lane, s.a.width)
            b = self.i_b.payload.word_select(lane, s.b.width)
            m.d.comb += table.address.eq(Cat(b, a))
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(table.data)
        issue_pairs(m, self, s.latency)
        return m
