# SPDX-License-Identifier: Apache-2.0
"""The weighted sum of two neighbours along one axis, at once or one after the other."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.constant_multiplier import ConstantMultiplier
from hwgen.hdl.delay import delayed
from hwgen.hdl.fabric_multiplier import FabricMultiplier
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.resize.folding import AxisSpec, RowsSpec, factor_bits, scaled, signed_bits, weigh_latency
from hwgen.numerics.range import IntRange


def shape_of(values: IntRange) -> Shape:
    return Shape(values.width, values.signed)


class Blend(wiring.Component):
    """y = denominator-weighted mean of two neighbours, without the division.

    Two banks: ``a`` and ``b`` come together, ``weight`` is that of b, and a has what is left of the denominator.
    One bank: ``a`` comes twice, with its own ``weight`` and with ``first`` the first time; ``active`` marks the cycles
    in which it comes. y stands `blend_latency` cycles after the (last) input for one cycle at least.
    """

    def __init__(self, spec: RowsSpec, axis: AxisSpec, values: IntRange):
        self.spec, self.axis, self.values = spec, axis, values
        self.out = scaled(values, axis.denominator)
        ports = {"a": In(shape_of(values)), "weight": In(axis.weight_bits), "y": Out(shape_of(self.out))}
        more = {"b": In(shape_of(values))} if axis.banks == 2 else {"first": In(1), "active": In(1)}
        super().__init__(ports | more)

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        if self.axis.banks == 2:
            self._together(m)
        else:
            self._in_turn(m)
        return m

    def _together(self, m: Module) -> None:
        """denominator * a + weight * (b - a): one product for both taps."""
        difference = Signal(signed(signed_bits(self.values) + 1), reset_less=True)
        m.d.sync += difference.eq(self.b - self.a)
        share = self._weigh(m, difference, delayed(m, self.weight, 1, "weight", reset_less=True))
        m.submodules.whole = whole = ConstantMultiplier(signed_bits(self.values), self.axis.denominator)
        m.d.comb += whole.a.eq(self.a)
        share_cycles = 1 + weigh_latency(self.spec, self.axis, self.values)
        early = share_cycles - whole.latency
        total = Signal(shape_of(self.out), reset_less=True)
        waited = delayed(m, whole.y, max(0, early), "whole", reset_less=True)
        m.d.sync += total.eq(waited + delayed(m, share, max(0, -early), "share", reset_less=True))
        m.d.comb += self.y.eq(total)

    def _in_turn(self, m: Module) -> None:
        """The sum of two products, one after the other."""
        cycles = weigh_latency(self.spec, self.axis, self.values)
        share = self._weigh(m, self.a, self.weight)
        total = Signal(shape_of(self.out), reset_less=True)
        first = delayed(m, self.first, cycles, "first", reset_less=True)
        with m.If(delayed(m, self.active, cycles, "active")):
            m.d.sync += total.eq(Mux(first, 0, total) + share)
        m.d.comb += self.y.eq(total)

    def _weigh(self, m: Module, value: Value, weight: Value) -> Value:
        """value * weight, `weigh_latency` cycles later."""
        multiplier = WideMultiplier if self.spec.multiplier == "dsp" else FabricMultiplier
        m.submodules.multiply = multiply = multiplier(factor_bits(self.values, self.axis), len(weight) + 1)
        m.d.comb += [multiply.a.eq(value), multiply.b.eq(weight)]
        return multiply.y
