# SPDX-License-Identifier: Apache-2.0
"""Foldings of Slice: lanes such that every beat is kept or dropped whole, and the axis's depth in the loop nest."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.axis_nest import AxisNest
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.select.op import Slice
from hwgen.targets import Resources, Target

MOST_LANES = 256


@dataclass(frozen=True)
class FilterFolding(Folding):
    """Takes every beat and passes on those that are selected.

    inner: elements inside one position of the axis; 1 where the axis is innermost.
    """

    form: ClassVar[str] = "filter"
    inner: int

    @classmethod
    def of(cls, lanes: int, inner: int) -> FilterFolding:
        return cls((lanes,), lanes, inner)


@dataclass(frozen=True)
class FilterSpec(UnitSpec):
    """What the hardware depends on.

    The stream is `blocks` blocks of `beats` beats, over and over. Kept are the blocks ``start, start + step, ...``,
    the last of them at `last`.
    """

    word_bits: int
    blocks: int
    beats: int
    start: int
    step: int
    last: int


def _block(node: Node, inner: int) -> int:
    """Elements that are always kept or dropped together."""
    op: Slice = node.op  # type: ignore[assignment]
    extent = node.src[0].type.shape[op.axis]
    if _step(op) == 1:
        return gcd(op.start, op.count, extent) * inner
    return inner


def _step(op: Slice) -> int:
    return op.step if op.count > 1 else 1


def foldings(node: Node, target: Target) -> tuple[FilterFolding, ...]:
    """All lanes that divide what is kept or dropped together, for every depth of the nest."""
    op: Slice = node.op  # type: ignore[assignment]
    return tuple(
        FilterFolding.of(lanes, inner)
        for inner in AxisNest.inner_sizes(node.src[0].type.shape, op.axis)
        for lanes in lane_counts(_block(node, inner), MOST_LANES)
    )


def orders(node: Node, folding: FilterFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order with the right number of elements inside the axis stays as it is."""
    op: Slice = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    nest = AxisNest.of(given[0], shape, op.axis, folding.inner) or AxisNest.standard(shape, op.axis, folding.inner)
    return (nest.order(shape),), nest.order(node.type.shape)


def spec(node: Node, folding: FilterFolding) -> FilterSpec:
    op: Slice = node.op  # type: ignore[assignment]
    block = _block(node, folding.inner)
    start, step = op.start * folding.inner // block, _step(op)
    kept = op.count * folding.inner // block
    return FilterSpec(
        word_bits=folding.lanes_out * node.type.range.width,
        blocks=node.src[0].type.shape[op.axis] * folding.inner // block,
        beats=block // folding.lanes_out,
        start=start,
        step=step,
        last=start + (kept - 1) * step,
    )


LATENCY = 1


def schedule(node: Node, folding: FilterFolding) -> Schedule:
    s = spec(node, folding)
    block = np.arange(s.blocks)
    kept = (block >= s.start) & (block <= s.last) & ((block - s.start) % s.step == 0)
    turns = cycles(node, folding) // (s.blocks * s.beats)
    gives = np.tile(np.repeat(kept, s.beats), turns)
    return Schedule(LATENCY, (Process.of_steps((np.ones(len(gives), bool),), gives),))


def cycles(node: Node, folding: FilterFolding) -> int:
    """One for every beat of the operand, kept or not."""
    return node.src[0].type.size // folding.lanes_out


def area(node: Node, folding: FilterFolding, target: Target) -> Resources:
    """A register for the beat, the counters of blocks and beats, and the flags."""
    s, family = spec(node, folding), target.family
    total = costs.registers(s.word_bits + LATENCY) + Resources(luts=2)
    for limit in (s.blocks, s.beats, s.step):
        if limit > 1:
            total += costs.counter(family, limit) + costs.registers(2)
    if s.blocks > 1:
        # Where a run begins and where it ends: two comparisons with constants.
        total += Resources(luts=2 * -(-s.blocks.bit_length() // (family.lut_inputs - 1)) + (8 if s.step > 1 else 0))
    return total
