# SPDX-License-Identifier: Apache-2.0
"""An adder graph as a pipeline: a new vector in every cycle."""

from __future__ import annotations

from amaranth.hdl import Cat, ClockSignal, Const, Elaboratable, Instance, Module, Shape, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_verilog import adder_verilog
from hwgen.numerics.adder_graph import NOTHING, Adder
from hwgen.numerics.adder_stages import AdderPipeline


class AdderNetwork(wiring.Component):
    """y = W x, `latency` cycles later. x: the inputs, the first in the low bits; y: words of `y_width` bits.

    Platforms that take modules as text get one (adder_verilog.py): Amaranth needs some milliseconds an adder.
    """

    def __init__(self, pipeline: AdderPipeline, y_width: int):
        self.pipeline, self.y_width = pipeline, y_width
        graph = pipeline.graph
        super().__init__({"x": In(graph.inputs * pipeline.x.width), "y": Out(len(graph.outputs) * y_width)})

    @property
    def latency(self) -> int:
        return self.pipeline.latency

    def elaborate(self, platform: object) -> Elaboratable:
        m, define = Module(), getattr(platform, "define", None)
        if define is not None:
            name = define("adders", lambda name: adder_verilog(name, self.pipeline, self.y_width))
            m.submodules.adders = Instance(name, i_clk=ClockSignal(), i_x=self.x, o_y=self.y)
            return m
        pipeline, graph = self.pipeline, self.pipeline.graph
        # Per source its value in each stage from the one that makes it on.
        self._values: list[list[Value]] = [[] for _ in pipeline.ranges]
        for k in range(graph.inputs):
            code = self.x.word_select(k, pipeline.x.width)
            self._keep(m, k, f"x_{k}", code.as_signed() if pipeline.x.signed else code)
        for k, adder in enumerate(graph.adders, graph.inputs):
            value = Signal(self._shape(k), name=f"sum_{k}", reset_less=True)
            low, high = self._at(adder.low, pipeline.made[k]), self._at(adder.high, pipeline.made[k])
            m.d.comb += value.eq(_sum(adder, low, high, len(value)))
            self._keep(m, k, f"sum_{k}", value)
        for lane, tap in enumerate(graph.outputs):
            value = self._at(tap.source, pipeline.stages + 1)
            m.d.comb += self.y.word_select(lane, self.y_width).eq(value << tap.shift)
        return m

    def _shape(self, source: int) -> Shape:
        known = self.pipeline.ranges[source]
        return Shape(known.width, known.signed)

    def _keep(self, m: Module, source: int, name: str, value: Value) -> None:
        """The value and its registers, as many as its readers need."""
        kept = self._values[source]
        kept.append(value)
        for stage in range(self.pipeline.made[source], self.pipeline.read[source]):
            later = Signal(self._shape(source), name=f"{name}_{stage + 1}", reset_less=True)
            m.d.sync += later.eq(kept[-1])
            kept.append(later)

    def _at(self, source: int, stage: int) -> Value:
        return Const(0, 1) if source == NOTHING else self._values[source][stage - self.pipeline.made[source]]


def _sum(adder: Adder, low: Value, high: Value, width: int) -> Value:
    """The adder's sum; its lowest `shift` bits are those of `low`, unless that is subtracted."""
    if adder.low_sign < 0:
        return (high << adder.shift) - low
    carried = low >> adder.shift
    above = (carried + high if adder.high_sign > 0 else carried - high)[: max(0, width - adder.shift)]
    return Cat((low + Const(0, adder.shift + 1))[: adder.shift], above) if adder.shift else above
