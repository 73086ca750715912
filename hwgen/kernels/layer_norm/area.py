# SPDX-License-Identifier: Apache-2.0
"""What the folding of LayerNorm costs."""

from __future__ import annotations

from hwgen import costs
from hwgen.kernels.layer_norm.folding import SHIFT_BITS, RootSpec, TwoPassSpec, signed_bits
from hwgen.targets import Family, Resources


def area(s: TwoPassSpec, family: Family) -> Resources:
    """The ring of rows, the sums, the reciprocal roots, and a chain of two products for each lane."""
    total = _ring_area(s, family) + _sums_area(s, family) + _radicand_area(s, family)
    total += costs.times(s.roots, _root_area(s.root, family))
    if s.roots > 1:
        total += costs.mux(family, s.roots, s.root.bits + s.root.shift_bits) + costs.times(
            2, costs.counter(family, s.roots)
        )
    total += costs.times(s.lanes, _lane_area(s, family))
    for limit in (s.rows * s.beats, s.beats, s.rows) * 2 + (s.rows,) * 3:
        total += costs.counter(family, limit)
    flags = s.latency + s.delay + 4 * s.summed_latency + s.spread_latency
    return total + costs.registers(flags + s.root.shift_bits * (s.t_latency - 1))


def _ring_area(s: TwoPassSpec, family: Family) -> Resources:
    """The beats, and by row the sum of the codes and the root with its shift."""
    total = costs.memory(family, s.rows * s.beats, s.lanes * s.x.width, writable=True, output_register=True)
    for bits in (s.total_bits if s.centered else 0, s.root.bits + s.root.shift_bits):
        if bits:
            total += costs.memory(family, s.rows, bits, "distributed", writable=True)
    return total + costs.registers(s.lanes * s.x.width)


def _sums_area(s: TwoPassSpec, family: Family) -> Resources:
    total = costs.times(s.lanes, _square_area(s, family, s.u_bits))
    if s.offset and s.offset != 1 << (s.x.width - 1):
        total += costs.times(2 * s.lanes, costs.adder(family, s.u_bits))
    total += costs.adder_tree(family, s.lanes, 2 * s.u_bits, s.squares.width + 1)
    total += costs.adder(family, s.squares.width) + costs.registers(s.squares.width)
    if s.centered:
        of_beat = min(s.total_bits, s.u_bits + costs.adder_tree_latency(s.lanes))
        total += costs.adder_tree(family, s.lanes, s.u_bits, s.total_bits)
        total += costs.registers(of_beat * s.product_latency(s.u_bits, s.u_bits))
        total += costs.adder(family, s.total_bits) + costs.registers(s.total_bits)
    return total


def _radicand_area(s: TwoPassSpec, family: Family) -> Resources:
    total = costs.registers(s.root.radicand_bits)
    if s.epsilon >> s.epsilon_bits:
        total += costs.adder(family, s.root.radicand_bits - s.epsilon_bits)
    if not s.centered:
        return total
    total += _square_area(s, family, s.total_bits)
    total += costs.constant_multiplier(family, s.squares.width + 1, s.row)
    square, scaled = s.product_latency(s.total_bits, s.total_bits), s.row_times_squares_latency
    waits = s.spread_latency - 2
    total += costs.registers((waits - square) * 2 * s.total_bits + (waits - scaled) * s.spread.width)
    return total + costs.adder(family, s.spread.width) + costs.registers(s.spread.width)


def _root_area(r: RootSpec, family: Family) -> Resources:
    """The radicand and its shift; what remains, the trial, three times the mantissa, and the root."""
    align = costs.mux(family, 3, r.radicand_bits) + costs.registers(r.radicand_bits)
    align += costs.adder(family, r.shift_bits) + costs.mux(family, 2, r.shift_bits) + costs.registers(r.shift_bits)
    rest, trial = r.mantissa_bits + r.bits + 3, r.mantissa_bits + r.bits + 1
    steps = costs.adder(family, rest) + costs.mux(family, 2, rest) + costs.registers(rest)
    steps += costs.add_subtract(family, trial + 1) + costs.mux(family, 2, trial) + costs.registers(trial)
    steps += costs.adder(family, r.mantissa_bits) + costs.registers(r.mantissa_bits + 2 + r.bits)
    return align + steps + costs.registers(r.latency)


def _lane_area(s: TwoPassSpec, family: Family) -> Resources:
    """Numerator, product with the root, shifter, product with the gain, bias, rounding and clip."""
    total = Resources()
    if s.centered:
        total += costs.constant_multiplier(family, s.u_bits, s.row)
        total += costs.adder(family, s.numerator_bits) + costs.registers(s.numerator_bits)
    total += _product_area(s, family, s.numerator_bits, s.root.bits + (s.multiplier == "dsp"))
    bits = s.numerator_bits + s.root.bits + 1 + s.padding
    for low in reversed(range(0, s.root.shift_bits, SHIFT_BITS)):
        bits = min(bits, s.t.width + (1 << low) - 1)
        ways = 1 << min(SHIFT_BITS, s.root.shift_bits - low)
        total += costs.mux(family, ways, bits) + costs.registers(bits)
    total += _product_area(s, family, s.t.width, s.gain_bits)
    for one, width in ((s.gain, s.gain_bits), (s.bias, s.bias_bits)):
        if one is None:
            total += costs.memory(family, s.beats, width, output_register=True)
    sums = signed_bits(s.sums)
    total += costs.times(2, costs.adder(family, sums)) + costs.registers(2 * sums - s.scale_bits)
    excess = max(0, sums - s.scale_bits - s.out.width)
    return total + Resources(luts=s.out.width + excess, ffs=s.out.width)


def _product_area(s: TwoPassSpec, family: Family, a_bits: int, b_bits: int) -> Resources:
    if s.multiplier == "dsp":
        return costs.wide_multiplier(family, a_bits, b_bits)
    return costs.fabric_multiplier(family, max(a_bits, b_bits), min(a_bits, b_bits))


def _square_area(s: TwoPassSpec, family: Family, bits: int) -> Resources:
    """In LUTs each product of two different bits is there once."""
    shared = 0 if s.multiplier == "dsp" else bits * (bits - 1) // 2
    return _product_area(s, family, bits, bits) - Resources(luts=shared)
