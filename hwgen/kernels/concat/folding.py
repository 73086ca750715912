# SPDX-License-Identifier: Apache-2.0
"""Foldings of Concat: how many lanes, and at which depth of the loop nest the operands take turns."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.axis_nest import AxisNest
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources, Target

MOST_LANES = 256


@dataclass(frozen=True)
class RunsFolding(Folding):
    """Takes a run of beats from each operand in turn.

    inner: elements inside one position of the axis. A run of an operand with extent C is ``C * inner`` elements: with
    channels innermost and a concat of channels inner is 1, over the outermost axis it is all that lies inside.
    """

    form: ClassVar[str] = "runs"
    inner: int

    @classmethod
    def of(cls, node: Node, lanes: int, inner: int) -> RunsFolding:
        return cls((lanes,) * len(node.operands), lanes, inner)


@dataclass(frozen=True)
class RunsSource:
    """One operand: beats a run, range of its lanes, and words in memory if it is a constant (0: a stream)."""

    beats: int
    range: IntRange
    words: int


@dataclass(frozen=True)
class ConcatSpec(UnitSpec):
    """What the hardware depends on."""

    lanes: int
    sources: tuple[RunsSource, ...]
    out: IntRange

    @property
    def has_constants(self) -> bool:
        return any(source.words for source in self.sources)


def shapes_of(node: Node) -> tuple[tuple[int, ...], ...]:
    return tuple(source.type.shape for source in node.src)


def foldings(node: Node, target: Target) -> tuple[RunsFolding, ...]:
    """All lanes that divide every operand's run, for every depth of the nest."""
    shapes, axis = shapes_of(node), node.op.axis  # type: ignore[attr-defined]
    extents = gcd(*(shape[axis] for shape in shapes))
    return tuple(
        RunsFolding.of(node, lanes, inner)
        for inner in AxisNest.inner_sizes(shapes[0], axis)
        for lanes in lane_counts(extents * inner, MOST_LANES)
    )


def nests(node: Node, folding: RunsFolding, given: tuple[Order, ...]) -> list[AxisNest | None]:
    """Per stream operand the nest of its given order, None where that does not fit the folding."""
    axis = node.op.axis  # type: ignore[attr-defined]
    pairs = zip(given, node.operands, strict=True)
    return [AxisNest.of(order, operand.type.shape, axis, folding.inner) for order, operand in pairs]


def orders(node: Node, folding: RunsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """The nest that the most operands already have (the first of them where equal), else a standard one."""
    shapes = [operand.type.shape for operand in node.operands]
    axis = node.op.axis  # type: ignore[attr-defined]
    found = [nest for nest in nests(node, folding, given) if nest]
    best = max(found, key=lambda nest: _matches(nest, shapes, given), default=None)
    nest = best or AxisNest.standard(shapes[0], axis, folding.inner)
    return tuple(nest.order(shape) for shape in shapes), nest.order(node.type.shape)


def _matches(nest: AxisNest, shapes: list[tuple[int, ...]], given: tuple[Order, ...]) -> int:
    return sum(nest.order(shape) == order for shape, order in zip(shapes, given, strict=True))


def spec(node: Node, folding: RunsFolding) -> ConcatSpec:
    axis, lanes = node.op.axis, folding.lanes_out  # type: ignore[attr-defined]
    sources = tuple(
        RunsSource(
            source.type.shape[axis] * folding.inner // lanes,
            source.type.range,
            source.type.size // lanes if source.is_constant else 0,
        )
        for source in node.src
    )
    return ConcatSpec(lanes, sources, node.type.range)


def latency(spec: ConcatSpec) -> int:
    """The chosen operand is registered; beside constants it also waits for their memory and is chosen again."""
    return 3 if spec.has_constants else 1


def schedule(node: Node, folding: RunsFolding) -> Schedule:
    """One beat a cycle: the operands' runs one behind the other, over and over."""
    s = spec(node, folding)
    turns = prod(node.type.shape) // folding.lanes_out // sum(source.beats for source in s.sources)
    source_of = np.tile(np.repeat(np.arange(len(s.sources)), [source.beats for source in s.sources]), turns)
    takes = tuple(source_of == k for k, source in enumerate(s.sources) if not source.words)
    return Schedule(latency(s), (Process.of_steps(takes, np.ones(len(source_of), bool)),))


def cycles(node: Node, folding: RunsFolding) -> int:
    return node.type.size // folding.lanes_out


def area(node: Node, folding: RunsFolding, target: Target) -> Resources:
    """The selection and its register, the memories of constants, and the counters of runs."""
    s, family = spec(node, folding), target.family
    streams = [source for source in s.sources if not source.words]
    out_bits = s.lanes * s.out.width
    total = _choice_area(family, len(streams), out_bits) + control_area(family, s)
    if s.has_constants:
        total += _choice_area(family, len(s.sources) - len(streams) + 1, out_bits) + costs.registers(out_bits)
        for source in s.sources:
            if source.words:
                bits = s.lanes * source.range.width
                total += costs.memory(family, source.words, bits, output_register=True)
                total += costs.counter(family, source.words)
    return total


def _choice_area(family: Family, ways: int, bits: int) -> Resources:
    """One of several words by one-hot flags, registered: gates in a chain of LUTs, a word and its flag two inputs."""
    luts = -(-(2 * ways - 1) // (family.lut_inputs - 1)) if ways > 1 else 0
    return Resources(luts=luts * bits, ffs=bits)


def control_area(family: Family, s: ConcatSpec) -> Resources:
    """One-hot selection, run counter with its reload, handshake, valid bits."""
    count, longest = len(s.sources), max(source.beats for source in s.sources)
    total = costs.registers(count + latency(s)) + Resources(luts=2 * count + 4)
    if longest > 1:
        bits = (longest - 1).bit_length()
        total += costs.counter(family, longest) + costs.mux(family, min(count, 4), bits)
    return total
