# SPDX-License-Identifier: Apache-2.0
"""What the foldings of Interpolate cost."""

from __future__ import annotations

from itertools import product

from hwgen import costs
from hwgen.kernels.resize.folding import (
    READ_LATENCY,
    AxisSpec,
    RowsSpec,
    blend_latency,
    column_fields,
    factor_bits,
    latency,
    row_fields,
    scaled,
    signed_bits,
)
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources


def area(s: RowsSpec, family: Family) -> Resources:
    """Row memories, tables of positions and weights, arithmetic per lane, counters and credits."""
    total = _buffer_area(s, family) + _control_area(s, family)
    lane = costs.times(s.rows.banks, _blend_area(family, s, s.columns, s.x)) + _blend_area(family, s, s.rows, s.between)
    if s.scale > 1:
        lane += costs.constant_multiplier(family, signed_bits(s.unscaled), s.scale)
    return total + costs.times(s.lanes, lane)


def _buffer_area(s: RowsSpec, family: Family) -> Resources:
    """The banks with their address counters, and the held beat."""
    lane_bits = s.lanes * s.x.width
    total = costs.registers(lane_bits)
    for _, bank in product(range(s.rows.banks), range(s.columns.banks)):
        depth = s.bank_depth(bank)
        bits = max(1, (depth - 1).bit_length())
        total += costs.memory(family, depth, lane_bits, writable=True, output_register=True)
        total += costs.counter(family, depth) + costs.adder(family, bits) + costs.adder(family, bits)
        total += costs.registers(3 * bits)
    return total


def _control_area(s: RowsSpec, family: Family) -> Resources:
    """Tables, loops, and the two credits between writer and reader."""
    total = costs.queue(family, 4, sum(width for _, width in row_fields(s)))
    for fields, axis in ((row_fields(s), s.rows), (column_fields(s), s.columns)):
        bits = sum(width for _, width in fields)
        total += costs.memory(family, axis.results, bits, output_register=True) + costs.counter(family, axis.results)
    for limit in (s.columns.sources, s.beats, s.columns.results, s.beats):
        if limit > 1:
            total += costs.counter(family, limit) + costs.registers(2)
    credit = (s.held + s.rows.sources).bit_length() + 1
    total += costs.adder(family, credit) + costs.adder(family, credit)
    return total + costs.registers(3 * credit + _travelling_bits(s)) + Resources(luts=16)


def _travelling_bits(s: RowsSpec) -> int:
    """Registers of weights and flags that travel beside the words."""
    at_rows = READ_LATENCY + blend_latency(s, s.columns, s.x)
    columns = (s.columns.weight_bits + 2) * READ_LATENCY if s.columns.taps == 2 else 0
    rows = (s.rows.weight_bits + 2) * at_rows if s.rows.taps == 2 else 0
    return columns + rows + latency(s)


def _blend_area(family: Family, s: RowsSpec, axis: AxisSpec, values: IntRange) -> Resources:
    """One weighted sum of two neighbours."""
    if axis.taps == 1:
        return Resources()
    bits, weight, width = factor_bits(values, axis), axis.weight_bits + 1, scaled(values, axis.denominator).width
    multiplier = costs.wide_multiplier if s.multiplier == "dsp" else costs.fabric_multiplier
    total = multiplier(family, bits, weight) + costs.adder(family, width) + costs.registers(width)
    if axis.banks == 1:
        return total
    whole = costs.constant_multiplier(family, signed_bits(values), axis.denominator)
    waits = blend_latency(s, axis, values) - 1 - costs.constant_multiplier_latency(axis.denominator)
    return total + whole + costs.adder(family, bits) + costs.registers(bits + width * waits)
