# SPDX-License-Identifier: Apache-2.0
"""The hardware forms of a requantizer. All are pipes: one beat in, one beat out, a fixed number of cycles later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import Folding, lane_counts
from hwgen.kernels.requantize import constants
from hwgen.kernels.requantize.constants import Divisions, Lines
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, ThresholdsSpec, signed_bits
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

MOST_LANES = 256
THRESHOLDS_UP_TO_BITS = 4
"""Thresholds for wider codes are offered only where no arithmetic form is exact."""


@dataclass(frozen=True)
class RequantizeFolding(Folding):
    """memory: where constants per channel live, "logic" or "block"; "none" where all channels share them."""

    memory: str


@dataclass(frozen=True)
class MultiplyShiftFolding(RequantizeFolding):
    """y = clamp((acc * multiplier + addend) >> shift).

    multiplier: "dsp" or "lut". window_bits: the accumulators are first saturated to that many bits; 0: they are not.
    """

    form: ClassVar[str] = "multiply_shift"
    multiplier: str
    window_bits: int = 0


@dataclass(frozen=True)
class TieEvenShiftFolding(RequantizeFolding):
    """The same with a shift that rounds ties to even (odd, if the zero point is): exact for power-of-two ratios.

    multiplier: "none" where all multipliers are 1, else "dsp" or "lut".
    """

    form: ClassVar[str] = "tie_even_shift"
    multiplier: str
    window_bits: int = 0


@dataclass(frozen=True)
class DivisionFolding(RequantizeFolding):
    """y = lo + (acc * 2**fraction + addend) // divisor by non-restoring division, one pipelined adder a bit of y."""

    form: ClassVar[str] = "division"


@dataclass(frozen=True)
class ThresholdsFolding(RequantizeFolding):
    """Binary search among the accumulators at which the code changes, one table and one comparison a bit of y."""

    form: ClassVar[str] = "thresholds"


def foldings(node: Node, target: Target) -> tuple[RequantizeFolding, ...]:
    """All forms that are exact for this node, for each lane count and place of the constants."""
    op, x = op_and_range(node)
    per_channel = len(constants.staircases(op, x)) > 1
    memories = ("logic", "block") if per_channel else ("none",)
    extent = node.type.shape[op.axis] if per_channel else node.type.size
    found: list[RequantizeFolding] = []
    for lanes in lane_counts(extent, MOST_LANES):
        for memory in memories:
            if memory == "block" and lanes == extent:
                continue  # a single word of constants needs no memory
            found += _forms(op, x, lanes, memory)
    return tuple(found)


def _forms(op: Requantize, x: IntRange, lanes: int, memory: str) -> list[RequantizeFolding]:
    found: list[RequantizeFolding] = []
    for form, multiply in ((MultiplyShiftFolding, plain_lines(op, x)), (TieEvenShiftFolding, tie_lines(op, x))):
        if multiply is None:
            continue
        if set(multiply.multipliers) == {1}:
            found.append(form((lanes,), lanes, memory, "none"))
            continue
        for multiplier, window_bits in _multipliers(op, x, multiply):
            found.append(form((lanes,), lanes, memory, multiplier, window_bits))
    if constants.divisions(op, x) is not None:
        found.append(DivisionFolding((lanes,), lanes, memory))
    if not found or constants.indexing(op, x).bits <= THRESHOLDS_UP_TO_BITS:
        found.append(ThresholdsFolding((lanes,), lanes, "logic" if memory == "none" else memory))
    return found


def _multipliers(op: Requantize, x: IntRange, multiply: Lines) -> list[tuple[str, int]]:
    """(multiplier, window_bits): saturated only where that saves pieces of the accumulator or bits in LUTs."""
    full, needed = signed_bits(x), signed_bits(constants.window(op, x))
    pieces = len(costs.piece_widths(full)) > len(costs.piece_widths(needed))
    return [("dsp", 0), ("lut", 0), *([("dsp", needed)] if pieces else []), *([("lut", needed)] if needed < full else [])]


def plain_lines(op: Requantize, x: IntRange) -> Lines | None:
    return constants.lines(op, x, "up")


def tie_lines(op: Requantize, x: IntRange) -> Lines | None:
    """Only where a plain shift is not exact, or where all ratios are powers of two and need no multiplier."""
    powers = all(abs(r.numerator) == 1 and r.denominator & (r.denominator - 1) == 0 for r in op.ratio)
    if plain_lines(op, x) is not None and not powers:
        return None
    return constants.lines(op, x, "even") or constants.lines(op, x, "odd")


def lines_of(node: Node, folding: MultiplyShiftFolding | TieEvenShiftFolding) -> Lines:
    op, x = op_and_range(node)
    found = (tie_lines if isinstance(folding, TieEvenShiftFolding) else plain_lines)(op, x)
    assert found is not None, "foldings() offers only forms that exist"
    return found


def divisions_of(node: Node) -> Divisions:
    found = constants.divisions(*op_and_range(node))
    assert found is not None, "foldings() offers only forms that exist"
    return found


def op_and_range(node: Node) -> tuple[Requantize, IntRange]:
    return node.op, node.src[0].type.range  # type: ignore[return-value]


def channels_of_lanes(node: Node, order: Order, lanes: int) -> np.ndarray | None:
    """Channel of each (beat of a period, lane), if the channels come round in one period after the other."""
    axis, shape = node.op.axis, node.src[0].type.shape  # type: ignore[attr-defined]
    channel = order.indices // row_major_strides(shape)[axis] % shape[axis]
    periods = channel.reshape(-1, shape[axis])
    return periods[0].reshape(-1, lanes) if np.all(periods == periods[0]) else None


def orders(node: Node, folding: RequantizeFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order if all channels are the same; else any in which all channels pass, always in the same order."""
    op, x = op_and_range(node)
    order, shape = given[0], node.src[0].type.shape
    if len(constants.staircases(op, x)) > 1 and channels_of_lanes(node, order, folding.lanes_out) is None:
        axis = op.axis % len(shape)
        order = Order.of_axes(shape, (*(a for a in range(len(shape)) if a != axis), axis))
    return (order,), order


def schedule(node: Node, folding: RequantizeFolding) -> Schedule:
    return Schedule(spec(node, folding).latency)


def spec(node: Node, folding: RequantizeFolding) -> LineSpec | DivisionSpec | ThresholdsSpec:
    op, x = op_and_range(node)
    per_channel = len(constants.staircases(op, x)) > 1
    groups = node.type.shape[op.axis] // folding.lanes_out if per_channel else 0
    common = (folding.lanes_out, groups, folding.memory, x, node.type.range)
    if isinstance(folding, DivisionFolding):
        return _division_spec(node, common)
    if isinstance(folding, ThresholdsFolding):
        index = constants.indexing(op, x)
        common = (folding.lanes_out, max(1, groups), folding.memory, x, node.type.range)
        return ThresholdsSpec(*common, index.bits, index.levels, index.lo, _falling(index.falling))
    multiply = lines_of(node, folding)  # type: ignore[arg-type]
    return _line_spec(op, multiply, folding, common)  # type: ignore[arg-type]


def _line_spec(op: Requantize, multiply: Lines, folding: MultiplyShiftFolding, common: tuple) -> LineSpec:
    x = common[3]
    reach = IntRange.of_bits(folding.window_bits, signed=True) if folding.window_bits else x
    sums = multiply.sums(IntRange(max(x.lo, reach.lo), min(x.hi, reach.hi)))
    return LineSpec(
        *common,
        folding.multiplier,
        folding.window_bits,
        signed_bits(IntRange(min(multiply.multipliers), max(multiply.multipliers))),
        signed_bits(IntRange(min(multiply.addends), max(multiply.addends))),
        sums,
        multiply.shift,
        multiply.ties,
        op.out,
        () if common[1] else (multiply.multipliers[0], multiply.addends[0]),
    )


def _division_spec(node: Node, common: tuple) -> DivisionSpec:
    op, x = op_and_range(node)
    index, division = constants.indexing(op, x), divisions_of(node)
    top = 1 << (index.bits - 1)
    pairs = [(d, a - top * d) for d, a in zip(division.divisors, division.addends, strict=True)]
    ends = [(acc << division.fraction) + a for _, a in pairs for acc in (x.lo, x.hi)]
    reach = [-top * d <= (acc << division.fraction) + a < top * d for d, a in pairs for acc in (x.lo, x.hi)]
    addends = [a for _, a in pairs]
    return DivisionSpec(
        *common,
        division.fraction,
        index.bits,
        index.levels,
        index.lo,
        _falling(index.falling),
        max(division.divisors).bit_length(),
        signed_bits(IntRange(min(addends), max(addends))),
        IntRange(min(ends), max(ends)),
        not all(reach),
        () if common[1] else pairs[0],
    )


def _falling(channels: tuple[bool, ...]) -> str:
    return "all" if all(channels) else "some" if any(channels) else "no"
