# SPDX-License-Identifier: Apache-2.0
"""Foldings of Reduce: one tap after the other into registers or a memory, or all taps of a beat in a tree."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar, Literal

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.pool.op import Reduce
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

Storage = Literal["registers", "distributed", "block"]

LEAST_WORDS = {"registers": 1, "distributed": 3, "block": 4}
"""Accumulators a memory must have, so that one is back in it before its next turn."""
MOST_REGISTERS = 8
"""Accumulators a lane that are offered in registers."""
WIDEST_BEAT = 1024
"""Elements in a beat of a tree, at most."""


@dataclass(frozen=True)
class RegisterFolding(Folding):
    """`lanes` channels a beat, all taps of a channel block after each other: one accumulator a lane."""

    form: ClassVar[str] = "register"
    lanes: int

    @classmethod
    def of(cls, lanes: int) -> RegisterFolding:
        return cls((lanes,), lanes, lanes)


@dataclass(frozen=True)
class MemoryFolding(Folding):
    """`lanes` channels a beat, all channels of a tap before the next tap: an accumulator for every channel.

    storage: where the accumulators are.
    """

    form: ClassVar[str] = "memory"
    lanes: int
    storage: Storage

    @classmethod
    def of(cls, lanes: int, storage: Storage) -> MemoryFolding:
        return cls((lanes,), lanes, lanes, storage)


@dataclass(frozen=True)
class TreeFolding(Folding):
    """All taps of `lanes` channels in a beat, lanes fastest: a pipe."""

    form: ClassVar[str] = "tree"
    lanes: int

    @classmethod
    def of(cls, lanes: int, taps: int) -> TreeFolding:
        return cls((lanes * taps,), lanes, lanes)


@dataclass(frozen=True)
class SerialSpec(UnitSpec):
    """What an accumulating unit depends on; words: accumulators a lane, which take turns."""

    kind: Literal["max", "sum"]
    taps: int
    lanes: int
    words: int
    storage: Storage
    x: IntRange
    out: IntRange

    @property
    def latency(self) -> int:
        return 3 if self.storage == "block" else 2


@dataclass(frozen=True)
class TreeSpec(UnitSpec):
    """What a tree depends on."""

    kind: Literal["max", "sum"]
    taps: int
    lanes: int
    x: IntRange
    out: IntRange

    @property
    def latency(self) -> int:
        return costs.adder_tree_latency(self.taps)


ReduceFolding = RegisterFolding | MemoryFolding | TreeFolding
ReduceSpec = SerialSpec | TreeSpec


def _op(node: Node) -> Reduce:
    return node.op  # type: ignore[return-value]


def channels(node: Node) -> int:
    """Extent of the reduced axis in the result."""
    return node.type.shape[_op(node).axis]


def foldings(node: Node, target: Target) -> tuple[ReduceFolding, ...]:
    """Every lane count in every form; a memory only where an accumulator is back in it before its next turn."""
    found: list[ReduceFolding] = []
    for lanes in lane_counts(channels(node)):
        words, taps = channels(node) // lanes, _op(node).taps
        found.append(RegisterFolding.of(lanes))
        if lanes * taps <= WIDEST_BEAT:
            found.append(TreeFolding.of(lanes, taps))
        if 1 < words <= MOST_REGISTERS:
            found.append(MemoryFolding.of(lanes, "registers"))
        found += [MemoryFolding.of(lanes, s) for s in ("distributed", "block") if words >= LEAST_WORDS[s]]
    return tuple(found)


def _inner(node: Node, folding: ReduceFolding) -> tuple[tuple[int, int], ...]:
    """Loops over the reduced axis that the form needs innermost."""
    op, extent = _op(node), channels(node)
    step = row_major_strides(node.src[0].type.shape)[op.axis]
    if isinstance(folding, MemoryFolding):
        return ((op.taps, step), (extent, op.taps * step))
    lanes = folding.lanes
    return ((extent // lanes, lanes * op.taps * step), (op.taps, step), (lanes, op.taps * step))


def orders(node: Node, folding: ReduceFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """The other axes in whatever order they come, if all of the reduced axis runs inside of them as the form needs."""
    op, shape = _op(node), node.src[0].type.shape
    strides = row_major_strides(shape)
    inner = _inner(node, folding)
    outer = given[0].outside_of(Order.of_loops(*inner))
    if outer is None:
        outer = tuple((extent, strides[k]) for k, extent in enumerate(shape) if k != op.axis)
    step = strides[op.axis]
    beyond = shape[op.axis] * step
    kept = ((count, stride // op.taps if stride >= beyond else stride) for count, stride in outer)
    return (Order.of_loops(*outer, *inner),), Order.of_loops(*kept, (channels(node), step))


def spec(node: Node, folding: ReduceFolding) -> ReduceSpec:
    op, x, out = _op(node), node.src[0].type.range, node.type.range
    if isinstance(folding, TreeFolding):
        return TreeSpec(op.kind, op.taps, folding.lanes, x, out)
    if isinstance(folding, RegisterFolding):
        return SerialSpec(op.kind, op.taps, folding.lanes, 1, "registers", x, out)
    return SerialSpec(op.kind, op.taps, folding.lanes, channels(node) // folding.lanes, folding.storage, x, out)


def schedule(node: Node, folding: ReduceFolding) -> Schedule:
    """A beat is taken in every cycle; those of the last tap give one."""
    s = spec(node, folding)
    if isinstance(s, TreeSpec):
        return Schedule(s.latency)
    beats = np.arange(cycles(node, folding))
    gives = beats // s.words % s.taps == s.taps - 1
    return Schedule(s.latency, (Process.of_steps((np.ones(len(beats), bool),), gives),))


def cycles(node: Node, folding: ReduceFolding) -> int:
    """One for each beat taken."""
    return prod(node.src[0].type.shape) // folding.lanes_in[0]


def area(node: Node, folding: ReduceFolding, target: Target) -> Resources:
    s, family = spec(node, folding), target.family
    own = costs.adder(family, s.out.width)
    if s.kind == "max":
        own += costs.mux(family, 2, s.out.width)
    total = Resources()
    if isinstance(s, TreeSpec):
        for _ in range(s.lanes):
            if s.kind == "sum":
                total += costs.adder_tree(family, s.taps, s.x.width + (not s.x.signed), s.out.width)
            else:
                total += costs.maximum_tree(family, s.taps, s.out.width)
        return total + costs.registers(s.latency)
    bits = s.lanes * s.out.width
    for _ in range(s.lanes):
        total += own + costs.mux(family, 2, s.out.width)
    total += costs.registers(s.lanes * s.x.width * (s.latency - 1) + bits + 6) + costs.counter(family, s.taps)
    if s.storage == "registers":
        return total + costs.registers((s.words - 1) * bits)
    total += costs.memory(
        family, s.words, bits, s.storage, writable=True, output_register=s.storage == "block"
    ) + costs.counter(family, s.words)
    return total + costs.registers(2 * (s.words - 1).bit_length())
