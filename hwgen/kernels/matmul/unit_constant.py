# SPDX-License-Identifier: Apache-2.0
"""A constant matrix as pipelined adders: every cycle a whole position goes in, and one comes out."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Signal, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_network import AdderNetwork
from hwgen.hdl.delay import delayed
from hwgen.kernels.matmul.folding_constant import ConstantSpec


class ConstantUnit(wiring.Component):
    """``i``: all inputs of a position; ``o``: all its outputs, as many cycles later as the pipeline is long."""

    def __init__(self, spec: ConstantSpec):
        self.spec = spec
        x_bits, outputs = spec.pipeline.x.width, len(spec.pipeline.graph.outputs)
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(len(spec.columns) * x_bits))),
                "o": Out(stream.Signature(unsigned(outputs * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m, s = Module(), self.spec
        m.submodules.network = network = AdderNetwork(s.pipeline, s.out.width)
        fire, bits = Signal(), s.pipeline.x.width
        m.d.comb += [
            fire.eq(self.i.valid & self.o_space),
            self.i.ready.eq(self.o_space),
            self.o_reserve.eq(fire),
            self.o.valid.eq(delayed(m, fire, network.latency, "giving")),
            self.o.payload.eq(network.y),
        ]
        for lane, column in enumerate(s.columns):
            m.d.comb += network.x.word_select(column, bits).eq(self.i.payload.word_select(lane, bits))
        return m
