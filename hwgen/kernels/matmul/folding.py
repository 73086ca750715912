# SPDX-License-Identifier: Apache-2.0
"""Dense foldings of MatMul: PE output lanes times SIMD input lanes, for one or several groups at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target


@dataclass(frozen=True)
class DenseFolding(Folding):
    """Each cycle multiplies `group_lanes` x `pe` x `simd` pairs.

    weight_memory: "block" or "logic" (a table in LUTs). group_lanes above 1 need all outputs of a group at once.
    """

    form: ClassVar[str] = "dense"
    group_lanes: int
    pe: int
    simd: int
    weight_memory: str

    @classmethod
    def of(cls, group_lanes: int, pe: int, simd: int, weight_memory: str) -> DenseFolding:
        return cls((group_lanes * simd,), group_lanes * pe, group_lanes, pe, simd, weight_memory)


@dataclass(frozen=True)
class DenseSpec(UnitSpec):
    """What the array's hardware depends on.

    blocks: group blocks a position; folds: passes over the held inputs of a block; steps: cycles a pass.
    """

    group_lanes: int
    pe: int
    simd: int
    blocks: int
    folds: int
    steps: int
    x: IntRange
    weight_bits: int
    out: IntRange
    weight_memory: str

    @property
    def weight_depth(self) -> int:
        return self.blocks * self.folds * self.steps

    @property
    def product_bits(self) -> int:
        return signed_bits(self.x) + self.weight_bits


def signed_bits(values: IntRange) -> int:
    """Bits of the two's complement word that holds `values`, also where they are never negative."""
    return IntRange(min(values.lo, -1), values.hi).width


def shape_of(node: Node) -> tuple[int, int, int, int]:
    """(groups, outputs a group, inputs a group, positions of a frame)."""
    op: MatMul = node.op  # type: ignore[assignment]
    outputs, inputs = weights_of(node.src).shape
    x = node.src[0].type
    return op.groups, outputs // op.groups, inputs, x.size // x.shape[op.axis]


def foldings(node: Node, target: Target) -> tuple[DenseFolding, ...]:
    """All PE and SIMD that divide the group's extents, or several whole groups of one output each."""
    groups, outputs, inputs, _ = shape_of(node)
    shapes = [(1, pe, simd) for pe in lane_counts(outputs) for simd in lane_counts(inputs)]
    shapes += [(lanes, outputs, simd) for lanes in lane_counts(groups)[1:] for simd in lane_counts(inputs)]
    return tuple(DenseFolding.of(*shape, memory) for shape in shapes for memory in ("block", "logic"))


def positions_in(node: Node, folding: DenseFolding, order: Order) -> np.ndarray | None:
    """Index on the contracted axis for each (block, step, group lane, simd lane), if `order` can feed the array."""
    groups, _, inputs, _ = shape_of(node)
    op: MatMul = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    run = order.run_over(shape, op.axis)
    if run is None or not np.array_equal(_bases(order, shape, op.axis), _bases(_plain(shape, op.axis), shape, op.axis)):
        return None
    lanes = folding.group_lanes
    beats = run.reshape(groups // lanes, inputs // folding.simd, lanes, folding.simd)
    group = np.arange(groups).reshape(-1, 1, lanes, 1)
    return beats if np.all(beats // inputs == group) else None


@lru_cache(maxsize=1024)
def _bases(order: Order, shape: tuple[int, ...], axis: int) -> np.ndarray:
    """Flat index of element 0 of `axis` for each run over it, in stream order."""
    stride, extent = row_major_strides(shape)[axis], shape[axis]
    index = order.indices[::extent]
    return index - index // stride % extent * stride


def _plain(shape: tuple[int, ...], axis: int, *inner: tuple[int, int]) -> Order:
    """Row-major over all other axes, then `axis` (or the loops given in its place)."""
    strides = row_major_strides(shape)
    outer = [(extent, strides[k]) for k, extent in enumerate(shape) if k != axis]
    return Order.of_loops(*outer, *(inner or ((shape[axis], strides[axis]),)))


def orders(node: Node, folding: DenseFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order in which the contracted axis runs innermost will do where the groups allow it: the weights follow."""
    op: MatMul = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    groups, _, inputs, _ = shape_of(node)
    stride = row_major_strides(shape)[op.axis]
    taken = given[0]
    if positions_in(node, folding, taken) is None:
        taken = _plain(
            shape,
            op.axis,
            (groups // folding.group_lanes, folding.group_lanes * inputs * stride),
            (inputs // folding.simd, folding.simd * stride),
            (folding.group_lanes, inputs * stride),
            (folding.simd, stride),
        )
    return (taken,), _plain(node.type.shape, op.axis)


def spec(node: Node, folding: DenseFolding) -> DenseSpec:
    groups, outputs, inputs, _ = shape_of(node)
    return DenseSpec(
        folding.group_lanes,
        folding.pe,
        folding.simd,
        groups // folding.group_lanes,
        outputs // folding.pe,
        inputs // folding.simd,
        node.src[0].type.range,
        signed_bits(IntRange.of_array(weights_of(node.src))),
        node.type.range,
        folding.weight_memory,
    )


def latency(spec: DenseSpec) -> int:
    """Issue, buffer and weight memory (3), multiplier, adder tree, accumulator (where there is one)."""
    product = costs.wide_multiplier_latency(signed_bits(spec.x), spec.weight_bits)
    return 3 + product + costs.adder_tree_latency(spec.simd) + (spec.steps > 1)


def schedule(node: Node, folding: DenseFolding) -> Schedule:
    s = spec(node, folding)
    step = np.arange(s.weight_depth)
    takes = (step // s.steps) % s.folds == 0
    gives = step % s.steps == s.steps - 1
    position = Process.of_steps((takes,), gives)
    return Schedule(latency(s), (replace(position, turns=shape_of(node)[3]),))


def cycles(node: Node, folding: DenseFolding) -> int:
    return prod((shape_of(node)[3], spec(node, folding).weight_depth))


def area(node: Node, folding: DenseFolding, target: Target) -> Resources:
    """Multipliers, adder trees, accumulators, weights, held inputs and control."""
    s, family = spec(node, folding), target.family
    arrays = s.group_lanes * s.pe
    total = costs.memory(family, s.weight_depth, arrays * s.simd * s.weight_bits, s.weight_memory, output_register=True)
    lane = costs.adder_tree(family, s.simd, s.product_bits, s.out.width)
    if s.steps > 1:
        lane += costs.adder(family, s.out.width) + costs.registers(s.out.width)
    total += costs.times(arrays, lane)
    product = costs.wide_multiplier(family, signed_bits(s.x), s.weight_bits)
    total += costs.times(arrays * s.simd, product)
    lane_bits = s.group_lanes * s.simd * s.x.width
    total += costs.registers(2 * lane_bits)
    if s.folds > 1:
        total += costs.memory(family, s.steps, lane_bits, "distributed", writable=True) + costs.mux(
            family, 2, lane_bits
        )
    for limit in (s.steps, s.folds, s.blocks, s.weight_depth):
        if limit > 1:
            total += costs.counter(family, limit)
    return total
