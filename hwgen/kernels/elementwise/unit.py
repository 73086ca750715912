# SPDX-License-Identifier: Apache-2.0
"""The unit of Table: a read-only memory a lane, addressed by the code itself."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.kernels.elementwise.folding import LATENCY, TableSpec


class TableUnit(wiring.Component):
    """A pipe. Memories ``table_<lane>``: the result for each code, at the address of the code's bits."""

    def __init__(self, spec: TableSpec):
        self.spec = spec
        block = spec.memory == "block"
        self.memories = {
            f"table_{lane}": Memory(spec.out.width, spec.depth, style=spec.memory, output_register=block)
            for lane in range(spec.lanes)
        }
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.lanes * spec.x.width), always_ready=True)),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s = self.spec
        codes: Value = self.i.payload
        if s.memory == "logic":
            codes = delayed(m, codes, 1, "codes", reset_less=True)
        for lane in range(s.lanes):
            m.submodules[f"table_{lane}"] = table = self.memories[f"table_{lane}"]
            m.d.comb += table.address.eq(codes.word_select(lane, s.x.width))
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(table.data)
        m.d.comb += self.o.valid.eq(delayed(m, self.i.valid, LATENCY, "valid"))
        return m
