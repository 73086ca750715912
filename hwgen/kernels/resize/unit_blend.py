# SPDX-License-Identifier: Apache-2.0
"""The weighted sum of two neighbours along one axis, at once or one after the other."""

from __future__ import annotations

from amaranth.hdl import Elaboratable, Module, Mux, Shape, Signal, Value, signed
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.multiplier import Multiplier
from hwgen.kernels.resize.folding import AxisSpec, RowsSpec, scaled, signed_bits, weigh_latency
from hwgen.numerics.range import IntRange


def shape_of(values: IntRange) -> Shape:
    return Shape(values.width, values.signed)


def times(value: Value, factor: int) -> Value:
    """`value` times a constant, as shifts and adds that no tool turns into a multiplier."""
    shifted = [value << k for k in range(factor.bit_length()) if factor >> k & 1]
    total: Value = shifted[0]
    for term in shifted[1:]:
        total = total + term
    return total


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
        cycles = weigh_latency(self.spec, self.axis)
        difference = Signal(signed(signed_bits(self.values) + 1), reset_less=True)
        whole = Signal(shape_of(self.out), reset_less=True)
        m.d.sync += [difference.eq(self.b - self.a), whole.eq(times(self.a, self.axis.denominator))]
        share = self._weigh(m, difference, delayed(m, self.weight, 1, "weight", reset_less=True))
        total = Signal(shape_of(self.out), reset_less=True)
        m.d.sync += total.eq(delayed(m, whole, cycles, "whole", reset_less=True) + share)
        m.d.comb += self.y.eq(total)

    def _in_turn(self, m: Module) -> None:
        cycles = weigh_latency(self.spec, self.axis)
        share = self._weigh(m, self.a, self.weight)
        total = Signal(shape_of(self.out), reset_less=True)
        first = delayed(m, self.first, cycles, "first", reset_less=True)
        with m.If(delayed(m, self.active, cycles, "active")):
            m.d.sync += total.eq(Mux(first, 0, total) + share)
        m.d.comb += self.y.eq(total)

    def _weigh(self, m: Module, value: Value, weight: Value) -> Value:
        """value * weight, `weigh_latency` cycles later."""
        bits = len(value) + (not value.shape().signed)
        if self.spec.multiplier == "dsp":
            m.submodules.multiplier = multiplier = Multiplier(bits, len(weight) + 1)
            m.d.comb += [multiplier.a.eq(value), multiplier.b.eq(weight)]
            return multiplier.y
        terms = [Mux(weight[k], value << k, 0) for k in range(len(weight))]
        return add_tree(m, terms, "share", bits + len(weight))
