# SPDX-License-Identifier: Apache-2.0
"""Dense foldings of MatMul: PE output lanes times SIMD input lanes, for one or several groups at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import SPECS, Folding, MemoryImage, UnitSpec, lane_counts
from hwgen.kernels.matmul.contraction import keeps_positions, plain_order, shape_of, signed_bits
from hwgen.kernels.matmul.digits import Digit, code_bits, codes_of, digits_of, fabric_products
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.kernels.matmul.packing import Packing, code_words, packed_codes, packed_products, packing_for
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources, Target

NARROW_WEIGHT = 4
"""Bits of a weight up to which picking multiples in LUTs competes with a multiplier."""

PACKED = 2
"""Outputs that share a multiplier where they do."""


@dataclass(frozen=True)
class DenseFolding(Folding):
    """Each cycle multiplies `group_lanes` x `pe` x `simd` pairs.

    weight_memory: "block" or "logic" (a table in LUTs). group_lanes above 1 need all outputs of a group at once.
    multiplier: "dsp"; "packed": one for two outputs of a group; "fabric": multiples of the inputs, picked by the digits of
    the weights.
    """

    form: ClassVar[str] = "dense"
    group_lanes: int
    pe: int
    simd: int
    weight_memory: str
    multiplier: str = "dsp"

    @classmethod
    def of(cls, group_lanes: int, pe: int, simd: int, weight_memory: str, multiplier: str = "dsp") -> DenseFolding:
        return cls((group_lanes * simd,), group_lanes * pe, group_lanes, pe, simd, weight_memory, multiplier)


@dataclass(frozen=True)
class DenseSpec(UnitSpec):
    """What the array's hardware depends on.

    blocks: group blocks a position; folds: passes over the held inputs of a block; steps: cycles a pass.
    weight_bits: of a stored weight. digits: how it picks multiples of an input; none: it is a factor in two's complement.
    packing: how outputs share a multiplier; none: they do not.
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
    digits: tuple[Digit, ...] = ()
    packing: Packing | None = None

    @property
    def word_bits(self) -> int:
        """Of a word of the weight memory."""
        lanes = self.group_lanes * self.simd
        return lanes * (self.packing.starts(self.pe)[-1] if self.packing else self.pe * self.weight_bits)

    @property
    def accumulates(self) -> bool:
        """Whether a register behind the adder trees collects their sums, or puts what fields borrowed right."""
        return self.steps > 1 or self.packing is not None

    @property
    def weight_depth(self) -> int:
        return self.blocks * self.folds * self.steps

    @property
    def product_bits(self) -> int:
        return signed_bits(self.x) + self.weight_bits


def foldings(node: Node, target: Target) -> tuple[DenseFolding, ...]:
    """All PE and SIMD that divide the group's extents, or several whole groups of one output each."""
    return _foldings(node, target.family)


@lru_cache(maxsize=256)
def _foldings(node: Node, family: Family) -> tuple[DenseFolding, ...]:
    groups, outputs, inputs, _ = shape_of(node)
    shapes = [(1, pe, simd) for pe in lane_counts(outputs) for simd in lane_counts(inputs)]
    shapes += [(lanes, outputs, simd) for lanes in lane_counts(groups)[1:] for simd in lane_counts(inputs)]
    return tuple(
        DenseFolding.of(*shape, memory, multiplier)
        for shape in shapes
        for memory in ("block", "logic")
        for multiplier in ("dsp", "fabric", *(("packed",) if _shares(node, family, *shape[1:]) else ()))
    )


def _shares(node: Node, family: Family, pe: int, simd: int) -> bool:
    """Whether two outputs fit one multiplier of the family. Where blocks add up their products there is a better form."""
    if pe < 2 or family.dsp_sum_bits or not family.dsp_modes:
        return False
    x, weights = signed_bits(node.src[0].type.range), _stored(node, "dsp")[0]
    if x + 2 * weights - 1 > max(family.dsp_modes[-1].a_bits, family.dsp_modes[-1].b_bits):
        return False  # a field holds the sum of x and weight bits, less one, at least
    packing = packing_for(node, pe, PACKED, simd, lifted=False)
    return family.dsps_for(packing.factor_bits, x) < PACKED * family.dsps_for(weights, x)


def is_fallback(node: Node, folding: DenseFolding) -> bool:
    """Wide weights without multipliers."""
    return folding.multiplier == "fabric" and _stored(node, "dsp")[0] > NARROW_WEIGHT


def positions_in(node: Node, folding: DenseFolding, order: Order) -> np.ndarray | None:
    """Index on the contracted axis for each (block, step, group lane, simd lane), if `order` can feed the array."""
    groups, _, inputs, _ = shape_of(node)
    op: MatMul = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    run = order.run_over(shape, op.axis)
    if run is None or not keeps_positions(order, shape, op.axis):
        return None
    lanes = folding.group_lanes
    beats = run.reshape(groups // lanes, inputs // folding.simd, lanes, folding.simd)
    group = np.arange(groups).reshape(-1, 1, lanes, 1)
    return beats if np.all(beats // inputs == group) else None


def orders(node: Node, folding: DenseFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order in which the contracted axis runs innermost will do where the groups allow it: the weights follow."""
    op: MatMul = node.op  # type: ignore[assignment]
    shape = node.src[0].type.shape
    groups, _, inputs, _ = shape_of(node)
    stride = row_major_strides(shape)[op.axis]
    taken = given[0]
    if positions_in(node, folding, taken) is None:
        taken = plain_order(
            shape,
            op.axis,
            (groups // folding.group_lanes, folding.group_lanes * inputs * stride),
            (inputs // folding.simd, folding.simd * stride),
            (folding.group_lanes, inputs * stride),
            (folding.simd, stride),
        )
    return (taken,), plain_order(node.type.shape, op.axis)


@lru_cache(maxsize=SPECS)
def spec(node: Node, folding: DenseFolding) -> DenseSpec:
    groups, outputs, inputs, _ = shape_of(node)
    weight_bits, digits = _stored(node, folding.multiplier)
    packing = (
        packing_for(node, folding.pe, PACKED, folding.simd, lifted=False) if folding.multiplier == "packed" else None
    )
    return DenseSpec(
        folding.group_lanes,
        folding.pe,
        folding.simd,
        groups // folding.group_lanes,
        outputs // folding.pe,
        inputs // folding.simd,
        node.src[0].type.range,
        weight_bits,
        node.type.range,
        folding.weight_memory,
        digits,
        packing,
    )


@lru_cache(maxsize=1024)
def _stored(node: Node, multiplier: str) -> tuple[int, tuple[Digit, ...]]:
    """(bits, digits) of the stored weights; no digits where they are stored as they are."""
    weights = weights_of(node.src)
    if multiplier != "fabric":
        return signed_bits(IntRange.of_array(weights)), ()
    digits = digits_of(weights)
    return code_bits(digits), digits


def latency(spec: DenseSpec) -> int:
    """Issue, buffer and weight memory (3), products, adder trees, accumulator (where there is one)."""
    product = costs.wide_multiplier_latency(signed_bits(spec.x), spec.weight_bits)
    if spec.digits:
        product = 2 + costs.adder_tree_latency(len(spec.digits))
    return 3 + product + costs.adder_tree_latency(spec.simd) + spec.accumulates


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
    total = costs.memory(family, s.weight_depth, s.word_bits, s.weight_memory, output_register=True)
    lane = Resources() if s.digits or s.packing else costs.adder_tree(family, s.simd, s.product_bits, s.out.width)
    if s.accumulates:
        # The sum so far is gated in LUTs of its own, because no tool packs that into the adder.
        lane += costs.adder(family, s.out.width) + costs.registers(s.out.width) + Resources(luts=s.out.width)
    total += costs.times(arrays, lane)
    if s.digits:
        total += fabric_products(family, s.digits, s.x, s.out, s.group_lanes, s.pe, s.simd)
    elif s.packing:
        total += costs.times(s.group_lanes, packed_products(family, s.packing, signed_bits(s.x), s.pe, s.simd))
    else:
        total += costs.times(arrays * s.simd, costs.wide_multiplier(family, signed_bits(s.x), s.weight_bits))
    lane_bits = s.group_lanes * s.simd * s.x.width
    total += costs.registers(3 * lane_bits + 3 * latency(s) + (s.weight_depth - 1).bit_length())
    if s.folds > 1:
        total += costs.memory(family, s.steps, lane_bits, "distributed", writable=True) + costs.mux(
            family, 2, lane_bits
        )
    for limit in (s.steps, s.folds, s.blocks, s.weight_depth):
        if limit > 1:
            total += costs.counter(family, limit)
    return total


def arrange(node: Node, spec: DenseSpec, taken: tuple[Order, ...]) -> DenseSpec:
    """The same array for every order: the weights follow."""
    return spec


def program(node: Node, folding: DenseFolding, spec: DenseSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
    """The weights in the order in which the inputs arrive."""
    if spec.packing:
        words = words_of(node, folding, packed_codes(weights_of(node.src), spec.pe, PACKED), taken)
        lanes = words.reshape(spec.weight_depth, spec.group_lanes, spec.pe, spec.simd).transpose(0, 1, 3, 2)
        return {"weights": MemoryImage(code_words(lanes, spec.packing).reshape(spec.weight_depth, -1), 1)}
    words = words_of(node, folding, weights_of(node.src), taken)
    return {"weights": MemoryImage(codes_of(words, spec.digits) if spec.digits else words, spec.weight_bits)}


def words_of(node: Node, folding: DenseFolding, weights: np.ndarray, taken: tuple[Order, ...]) -> np.ndarray:
    """`weights` (M, K / groups) as the array reads them: word (block, fold, step), lane (group lane, pe, simd)."""
    positions = positions_in(node, folding, taken[0])
    if positions is None:
        raise IllegalFolding.of(
            f"MatMul '{node.name}'",
            "the inputs arrive in an order that the array cannot use",
            found=taken[0],
            expected="the contracted axis innermost",
            fix="insert a reorder",
        )
    inputs = weights.shape[1]
    blocks, steps, lanes, simd = positions.shape
    by_group = weights.reshape(blocks, lanes, -1, folding.pe, inputs)
    column = (positions % inputs).transpose(0, 2, 1, 3)[:, :, None, None]
    # (block, group lane, fold, pe, step, simd) -> word (block, fold, step), lane (group lane, pe, simd)
    chosen = np.take_along_axis(by_group[..., None, :], column, axis=-1)
    folds = by_group.shape[2]
    return chosen.transpose(0, 2, 4, 1, 3, 5).reshape(blocks * folds * steps, -1)
