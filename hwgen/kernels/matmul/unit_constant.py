# SPDX-License-Identifier: Apache-2.0
"""A constant matrix as pipelined adders: every cycle a whole position goes in, and one comes out."""

from __future__ import annotations

from amaranth.hdl import Cat, Const, Elaboratable, Module, Shape, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.kernels.matmul.folding_constant import ConstantSpec, latency, ranges_of, stages_of
from hwgen.numerics.adder_graph import NOTHING, Adder


class ConstantUnit(wiring.Component):
    """``i``: all inputs of a position; ``o``: all its outputs, `latency` cycles later."""

    def __init__(self, spec: ConstantSpec):
        self.spec = spec
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(len(spec.columns) * spec.x.width))),
                "o": Out(stream.Signature(unsigned(len(spec.graph.outputs) * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m, s = Module(), self.spec
        fire = Signal()
        m.d.comb += [fire.eq(self.i.valid & self.o_space), self.i.ready.eq(self.o_space), self.o_reserve.eq(fire)]
        m.d.comb += self.o.valid.eq(delayed(m, fire, latency(s), "giving"))
        self._stages = stages_of(s.graph, s.x, s.levels)
        self._shapes = [Shape(r.width, r.signed) for r in ranges_of(s.graph, s.x)]
        # Per source its value in each stage from the one that makes it on.
        self._values: list[list[Value]] = [[] for _ in self._shapes]
        for lane, column in enumerate(s.columns):
            code = self.i.payload.word_select(lane, s.x.width)
            self._keep(m, column, f"x_{column}", code.as_signed() if s.x.signed else code)
        for k, adder in enumerate(s.graph.adders, s.graph.inputs):
            value = Signal(self._shapes[k], name=f"sum_{k}", reset_less=True)
            stage = self._stages.of[k]
            total = _sum(m, adder, self._at(adder.low, stage), self._at(adder.high, stage), len(value))
            m.d.comb += value.eq(total)
            self._keep(m, k, f"sum_{k}", value)
        for lane, tap in enumerate(s.graph.outputs):
            value = self._at(tap.source, self._stages.count + 1)
            m.d.comb += self.o.payload.word_select(lane, s.out.width).eq(value << tap.shift)
        return m

    def _keep(self, m: Module, source: int, name: str, value: Value) -> None:
        """The value and its registers, as many as its readers need."""
        kept = self._values[source]
        kept.append(value)
        for stage in range(self._stages.of[source], self._stages.until[source]):
            later = Signal(self._shapes[source], name=f"{name}_{stage + 1}", reset_less=True)
            m.d.sync += later.eq(kept[-1])
            kept.append(later)

    def _at(self, source: int, stage: int) -> Value:
        return Const(0, 1) if source == NOTHING else self._values[source][stage - self._stages.of[source]]


def _sum(m: Module, adder: Adder, low: Value, high: Value, width: int) -> Value:
    """The adder's sum; its lowest `shift` bits are those of `low`, unless that is subtracted."""
    if adder.low_sign < 0:
        return (high << adder.shift) - low
    if not adder.shift:
        return low + high if adder.high_sign > 0 else low - high
    if len(low) < adder.shift:
        below: Value = Cat(low, *[low[-1] if low.shape().signed else Const(0, 1)] * (adder.shift - len(low)))
    else:
        below = low[: adder.shift]
    if len(low) > adder.shift:
        carried = low[adder.shift :].as_signed() if low.shape().signed else low[adder.shift :]
    elif low.shape().signed:
        carried = low[-1:].as_signed()
    else:
        return Cat(below, high if adder.high_sign > 0 else -high)
    return Cat(below, (carried + high if adder.high_sign > 0 else carried - high)[: width - adder.shift])
