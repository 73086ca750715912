# SPDX-License-Identifier: Apache-2.0
"""What the forms cost."""

from __future__ import annotations

from hwgen import costs
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, RequantizeSpec, ThresholdsSpec, signed_bits
from hwgen.targets import Family, Resources


def area(spec: RequantizeSpec, family: Family) -> Resources:
    """Lanes, constants, position counter and valid pipeline."""
    if isinstance(spec, LineSpec):
        lane, constants = (
            _line(spec, family),
            _constants(spec, family, spec.addend_bits, *([spec.multiplier_bits] if spec.multiplier != "none" else [])),
        )
    elif isinstance(spec, DivisionSpec):
        lane, constants = (
            _division(spec, family),
            _constants(
                spec,
                family,
                0 if spec.divisor else spec.divisor_bits,
                spec.addend_bits,
                spec.nudge_bits,
                int(spec.falling == "some"),
                int(spec.live == "some"),
            ),
        )
    else:
        assert isinstance(spec, ThresholdsSpec)
        lane, constants = _thresholds(spec, family), Resources()
    total = constants + costs.registers(spec.latency)
    for _ in range(spec.lanes):
        total += lane
    if spec.groups > 1:
        total += costs.counter(family, spec.groups)
    return total


def _line(s: LineSpec, family: Family) -> Resources:
    total = costs.registers(s.start * s.x.width)
    if s.window_bits:
        excess = signed_bits(s.x) - s.window_bits
        total += Resources(luts=s.window_bits + excess // 2 + 2, ffs=s.window_bits)
    if s.multiplier == "dsp":
        total += costs.wide_multiplier(family, s.factor_bits, s.multiplier_bits)
    elif s.multiplier == "lut" and s.constants:
        total += costs.constant_multiplier(family, s.factor_bits, s.constants[0])
    elif s.multiplier == "lut":
        total += costs.fabric_multiplier(family, s.factor_bits, s.multiplier_bits)
    bits = signed_bits(s.sums)
    total += costs.adder(family, bits) + costs.registers(bits)
    if s.ties != "up":
        total += costs.adder(family, bits) + costs.registers(bits)
    excess = max(0, signed_bits(s.rounded) - s.out.width)
    return total + Resources(luts=s.out.width + excess, ffs=s.out.width)


def _constants(s: RequantizeSpec, family: Family, *bits: int) -> Resources:
    """A memory for each kind of constant, of that many bits a lane."""
    total = Resources()
    for width in bits:
        if s.groups and width:
            style = s.style(s.groups, s.lanes * width)
            total += costs.memory(family, s.groups, s.lanes * width, style, output_register=s.memory == "block")
    return total


def _division(s: DivisionSpec, family: Family) -> Resources:
    first = signed_bits(s.rest)
    total = costs.registers(s.start * s.x.width + first) + costs.adder(family, first - s.fraction)
    if s.live == "some":
        total += Resources(luts=s.x.width)
    for step in range(1, s.index_bits):
        bits = s.divisor_bits + 2
        only_sign = step == 1 and not s.nudge_bits  # all that is left of the remainder before the last bit
        total += costs.registers((1 if only_sign else s.divisor_bits + step + 1) + s.index_bits - step)
        if s.divisor:
            total += costs.adder(family, bits)
        else:  # the divisor travels along
            total += costs.add_subtract(family, bits) + costs.registers(s.divisor_bits * int(step > 1))
        if s.saturates:
            total += Resources(luts=2, ffs=1)
    if s.saturates:
        total += Resources(luts=(first - s.divisor_bits - s.index_bits) // 2)
    if s.nudge_bits:
        total += costs.adder(family, s.divisor_bits + 2) + costs.registers(s.index_bits + 1)
    limits = 0 if s.levels == 1 << s.index_bits else s.index_bits
    return total + Resources(luts=s.out.width + limits, ffs=s.out.width)


def _thresholds(s: ThresholdsSpec, family: Family) -> Resources:
    total = costs.registers(s.x.width)
    for step in range(s.index_bits):
        style, cycles = s.style(s.depth(step), s.threshold_bits), s.step_latency(step)
        total += costs.memory(family, s.depth(step), s.threshold_bits, style, output_register=style == "block")
        total += costs.adder(family, s.threshold_bits) + costs.registers(cycles * s.x.width + (step + 1) * cycles)
    return total + Resources(luts=s.out.width, ffs=s.out.width)
