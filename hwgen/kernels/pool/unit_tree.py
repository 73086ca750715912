# SPDX-License-Identifier: Apache-2.0
"""Maximum or sum over taps that arrive in one beat."""

from __future__ import annotations

from amaranth.hdl import Cat, Elaboratable, Module, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.maximum_tree import maximum_tree
from hwgen.kernels.pool.folding import TreeSpec


class TreeUnit(wiring.Component):
    """A pipe: each beat of taps x lanes elements, lanes fastest, gives one beat of lanes results."""

    def __init__(self, spec: TreeSpec):
        self.spec = spec
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.taps * spec.lanes * spec.x.width), always_ready=True)),
                "o": Out(stream.Signature(unsigned(spec.lanes * spec.out.width), always_ready=True)),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        s, results = self.spec, []
        for lane in range(s.lanes):
            codes = [self.i.payload.word_select(tap * s.lanes + lane, s.x.width) for tap in range(s.taps)]
            terms = [code.as_signed() if s.x.signed else code for code in codes]
            if s.kind == "sum":
                # The tree is signed: elements that are never negative need a sign bit there. Their sum may lose it again.
                signs = [t if s.x.signed else Cat(t, 0).as_signed() for t in terms]
                total = add_tree(m, signs, f"lane_{lane}", s.out.width)
            else:
                total = maximum_tree(m, terms, f"lane_{lane}_largest")
            results.append(total.as_unsigned()[: s.out.width])
        m.d.comb += [
            self.o.payload.eq(Cat(*results)),
            self.o.valid.eq(delayed(m, self.i.valid, s.latency, "valid")),
        ]
        return m
