# SPDX-License-Identifier: Apache-2.0
"""The hardware forms of a requantizer. All are pipes: one beat in, one beat out, a fixed number of cycles later."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Schedule
from hwgen.kernels.base import SPECS, Folding, lane_counts
from hwgen.kernels.requantize import constants
from hwgen.kernels.requantize.division import StepDivision
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, ThresholdsSpec, signed_bits
from hwgen.numerics.forms import MultiplyShift
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

Common = tuple[int, int, str, IntRange, IntRange]
"""The fields of a RequantizeSpec."""

MOST_LANES = 256
BLOCK_FROM_WORDS = 16
"""Fewer words of constants are offered in LUTs only."""

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
    """All forms that are exact for this node, for each lane count and place of the constants: the same on all targets."""
    return _foldings(node)


@lru_cache(maxsize=1024)
def _foldings(node: Node) -> tuple[RequantizeFolding, ...]:
    op, x = op_and_range(node)
    per_channel = len(constants.staircases(op, x)) > 1
    memories = ("logic", "block") if per_channel else ("none",)
    extent = node.type.shape[op.axis] if per_channel else node.type.size
    found: list[RequantizeFolding] = []
    for lanes in lane_counts(extent, MOST_LANES):
        for memory in memories:
            if memory == "block" and extent // lanes < BLOCK_FROM_WORDS:
                continue
            found += _forms(op, x, lanes, memory)
    return tuple(found)


def _forms(op: Requantize, x: IntRange, lanes: int, memory: str) -> list[RequantizeFolding]:
    found: list[RequantizeFolding] = []
    for form, multiply in (
        (MultiplyShiftFolding, constants.plain_shift(op, x)),
        (TieEvenShiftFolding, constants.tie_shift(op, x)),
    ):
        if multiply is None:
            continue
        if set(multiply.multiplier) == {1}:
            found.append(form((lanes,), lanes, memory, "none"))
            continue
        for multiplier, window_bits in _multipliers(op, x, multiply):
            found.append(form((lanes,), lanes, memory, multiplier, window_bits))
    if constants.division(op, x) is not None:
        found.append(DivisionFolding((lanes,), lanes, memory))
    if not found or constants.indexing(op, x).bits <= THRESHOLDS_UP_TO_BITS:
        found.append(ThresholdsFolding((lanes,), lanes, "logic" if memory == "none" else memory))
    return found


def _multipliers(op: Requantize, x: IntRange, multiply: MultiplyShift) -> list[tuple[str, int]]:
    """(multiplier, window_bits): saturated only where that saves pieces of the accumulator or bits in LUTs."""
    full, needed = signed_bits(x), signed_bits(constants.window(op, x))
    pieces = len(costs.piece_widths(full)) > len(costs.piece_widths(needed))
    return [
        ("dsp", 0),
        ("lut", 0),
        *([("dsp", needed)] if pieces else []),
        *([("lut", needed)] if needed < full else []),
    ]


def shift_form_of(node: Node, folding: MultiplyShiftFolding | TieEvenShiftFolding) -> MultiplyShift:
    find = constants.tie_shift if isinstance(folding, TieEvenShiftFolding) else constants.plain_shift
    found = find(*op_and_range(node))
    assert found is not None, "foldings() offers only forms that exist"
    return found


def division_of(node: Node) -> StepDivision:
    found = constants.division(*op_and_range(node))
    assert found is not None, "foldings() offers only forms that exist"
    return found


def op_and_range(node: Node) -> tuple[Requantize, IntRange]:
    return node.op, node.src[0].type.range  # type: ignore[return-value]


def channels_of_lanes(node: Node, order: Order, lanes: int) -> np.ndarray | None:
    """Channel of each (beat of a period, lane), if the channels come round in one period after the other."""
    period = _channel_period(order, node.src[0].type.shape, node.op.axis)  # type: ignore[attr-defined]
    return None if period is None else period.reshape(-1, lanes)


def channels_of_words(node: Node, lanes: int, order: Order) -> np.ndarray:
    """Index into the constants for each (word, lane)."""
    if len(constants.staircases(*op_and_range(node))) == 1:
        return np.zeros((1, lanes), dtype=np.int64)
    channels = channels_of_lanes(node, order, lanes)
    if channels is None:
        raise IllegalFolding.of(
            f"Requantize '{node.name}'", "the channels arrive in an order that does not repeat",
            found=order, expected="all channels one after the other", fix="insert a reorder",
        )  # fmt: skip
    return channels


@lru_cache(maxsize=256)
def _channel_period(order: Order, shape: tuple[int, ...], axis: int) -> np.ndarray | None:
    """The channels in stream order, if all of them come before the first one comes again, and so on."""
    channel = order.indices // row_major_strides(shape)[axis] % shape[axis]
    periods = channel.reshape(-1, shape[axis])
    return periods[0].copy() if np.all(periods == periods[0]) else None


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


@lru_cache(maxsize=SPECS)
def spec(node: Node, folding: RequantizeFolding) -> LineSpec | DivisionSpec | ThresholdsSpec:
    op, x = op_and_range(node)
    per_channel = len(constants.staircases(op, x)) > 1
    groups = node.type.shape[op.axis] // folding.lanes_out if per_channel else 0
    common: Common = (folding.lanes_out, groups, folding.memory, x, node.type.range)
    if isinstance(folding, DivisionFolding):
        return _division_spec(node, common)
    if isinstance(folding, ThresholdsFolding):
        index = constants.indexing(op, x)
        common = (folding.lanes_out, max(1, groups), folding.memory, x, node.type.range)
        return ThresholdsSpec(*common, index.bits, index.levels, index.lo, _falling(index.falling))
    multiply = shift_form_of(node, folding)  # type: ignore[arg-type]
    return _line_spec(multiply, folding, common)  # type: ignore[arg-type]


def _line_spec(form: MultiplyShift, folding: MultiplyShiftFolding | TieEvenShiftFolding, common: Common) -> LineSpec:
    x = common[3]
    reach = IntRange.of_bits(folding.window_bits, signed=True) if folding.window_bits else x
    ends = [
        acc * multiplier + addend
        for multiplier, addend in zip(form.multiplier, form.addend, strict=True)
        for acc in (max(x.lo, reach.lo), min(x.hi, reach.hi))
    ]
    return LineSpec(
        *common,
        folding.multiplier,
        folding.window_bits,
        signed_bits(form.multiplier_range),
        signed_bits(form.addend_range),
        IntRange(min(ends), max(ends)),
        form.shift[0],
        form.ties,
        form.clamp,
        () if common[1] else (form.multiplier[0], form.addend[0]),
    )


def first_addends(form: StepDivision) -> tuple[int, ...]:
    """What the unit adds to ``acc * 2**fraction``: the first comparison, with half of all indices, is part of it."""
    return tuple(a - (d << form.index.bits - 1) for d, a in zip(form.divisor, form.addend, strict=True))


def _division_spec(node: Node, common: Common) -> DivisionSpec:
    form, x = division_of(node), common[3]
    addends = first_addends(form)
    ends = [
        ((acc * live << form.fraction) + a, d << form.index.bits - 1)
        for a, d, live in zip(addends, form.divisor, form.live, strict=True)
        for acc in (x.lo, x.hi)
    ]
    return DivisionSpec(
        *common,
        form.fraction,
        form.index.bits,
        form.index.levels,
        form.index.lo,
        _falling(form.index.falling),
        "all" if all(form.live) else "some" if any(form.live) else "no",
        form.divisor[0] if len(set(form.divisor)) == 1 else 0,
        max(form.divisor).bit_length(),
        signed_bits(IntRange(min(addends), max(addends))),
        signed_bits(IntRange(min(form.nudge), max(form.nudge))) if any(form.nudge) else 0,
        IntRange(min(e for e, _ in ends), max(e for e, _ in ends)),
        not all(-reach <= rest < reach for rest, reach in ends),
        () if common[1] else (addends[0], form.nudge[0]),
    )


def _falling(channels: tuple[bool, ...]) -> str:
    return "all" if all(channels) else "some" if any(channels) else "no"
