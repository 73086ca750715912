# SPDX-License-Identifier: Apache-2.0
"""Sparse foldings of MatMul: in every window of inputs an output multiplies only by the few that its weights need.

N:M sparsity (N weights that are not zero in each M inputs) takes N multipliers where a dense array takes M. A window with
more of them takes several cycles, up to those of a dense array with as many multipliers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.encodings.window_positions.code import pack
from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import SPECS, Folding, MemoryImage, UnitSpec, lane_counts
from hwgen.kernels.matmul.contraction import aparts_of, plain_order, positions_of, sequence_of, shape_of, signed_bits
from hwgen.kernels.matmul.digits import Digit, code_bits, codes_of, digits_of, fabric_products
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

WINDOWS = (2, 4, 8, 16)
MOST_KEPT = 3 / 4
"""Part of the weights of a window up to which choosing inputs can pay."""


@dataclass(frozen=True)
class SparseFolding(Folding):
    """Each of `pe` outputs multiplies by `slots` inputs out of every `window` in a beat of `simd` inputs.

    apart: 1, where a window is neighbours on the contracted axis, or the taps of a convolution, where it is channels of
    one tap. weight_memory, multiplier: as in the dense form.
    """

    form: ClassVar[str] = "sparse"
    pe: int
    simd: int
    window: int
    slots: int
    apart: int
    weight_memory: str
    multiplier: str = "dsp"

    @classmethod
    def of(
        cls, pe: int, simd: int, window: int, slots: int, apart: int, weight_memory: str, multiplier: str = "dsp"
    ) -> SparseFolding:
        return cls((simd,), pe, pe, simd, window, slots, apart, weight_memory, multiplier)


@dataclass(frozen=True)
class SparseSpec(UnitSpec):
    """What the array's hardware depends on.

    blocks: groups a position; folds: passes over the inputs of a group; steps: beats of a group; passes: cycles a beat.
    weight_bits: of a stored weight without its position. digits: as in the dense form.
    """

    pe: int
    simd: int
    window: int
    slots: int
    blocks: int
    folds: int
    steps: int
    passes: int
    x: IntRange
    weight_bits: int
    out: IntRange
    weight_memory: str
    digits: tuple[Digit, ...] = ()

    @property
    def multipliers(self) -> int:
        """Of one output lane."""
        return self.simd // self.window * self.slots

    @property
    def position_bits(self) -> int:
        return (self.window - 1).bit_length()

    @property
    def word_bits(self) -> int:
        """Of the weight memory."""
        return self.pe * self.multipliers * (self.weight_bits + self.position_bits)

    @property
    def weight_depth(self) -> int:
        return self.blocks * self.folds * self.steps * self.passes


def foldings(node: Node, target: Target) -> tuple[SparseFolding, ...]:
    """All PE and SIMD for each window that lets a quarter of the multipliers go, as many slots as its fullest needs."""
    return _foldings(node)


@lru_cache(maxsize=256)
def _foldings(node: Node) -> tuple[SparseFolding, ...]:
    _, outputs, inputs, _ = shape_of(node)
    return tuple(
        SparseFolding.of(pe, simd, window, slots, apart, memory, multiplier)
        for window, slots, apart in _windows(node)
        for pe in lane_counts(outputs)
        for simd in lane_counts(inputs)
        if simd % window == 0
        for memory in ("block", "logic")
        for multiplier in ("dsp", "fabric")
    )


@lru_cache(maxsize=1024)
def _windows(node: Node) -> tuple[tuple[int, int, int], ...]:
    """(window, slots, apart) worth a folding: none where a smaller window needs no larger part of its inputs."""
    inputs, found = shape_of(node)[2], []
    for apart in aparts_of(node):
        least = MOST_KEPT
        for window in WINDOWS:
            if inputs // apart % window:
                continue
            slots = max(1, _fullest(node, sequence_of(inputs, apart), window))
            if slots / window <= least:
                found.append((window, slots, apart))
                least = slots / window * 0.99
    return tuple(found)


def _fullest(node: Node, sequence: np.ndarray, window: int) -> int:
    """Most weights that are not zero in a window of any output, when inputs come in this sequence."""
    kept = weights_of(node.src)[:, sequence] != 0
    return int(kept.reshape(len(kept), -1, window).sum(axis=2).max(initial=0))


def passes_of(node: Node, folding: SparseFolding) -> int:
    """Cycles that the fullest window takes."""
    sequence = sequence_of(shape_of(node)[2], folding.apart)
    return max(1, -(-_fullest(node, sequence, folding.window) // folding.slots))


def is_fallback(node: Node, folding: SparseFolding) -> bool:
    """Wide weights without multipliers."""
    return folding.multiplier == "fabric"


def orders(node: Node, folding: SparseFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order in which every window finds its weights in the passes that it has; else the one of `apart`."""
    op: MatMul = node.op  # type: ignore[assignment]
    shape, (groups, _, inputs, _) = node.src[0].type.shape, shape_of(node)
    taken = given[0]
    if not _suits(node, folding, taken):
        stride = row_major_strides(shape)[op.axis]
        loops = ((groups, inputs * stride), (folding.apart, stride), (inputs // folding.apart, folding.apart * stride))
        taken = plain_order(shape, op.axis, *loops)
    return (taken,), plain_order(node.type.shape, op.axis)


def _suits(node: Node, folding: SparseFolding, order: Order) -> bool:
    positions = positions_of(node, order)
    if positions is None:
        return False
    weights = weights_of(node.src)
    groups, inputs = positions.shape
    by_group = weights.reshape(groups, -1, inputs)
    kept = np.take_along_axis(by_group, (positions % inputs)[:, np.newaxis, :], axis=2) != 0
    fullest = kept.reshape(*kept.shape[:2], -1, folding.window).sum(axis=3).max(initial=0)
    return int(fullest) <= passes_of(node, folding) * folding.slots


@lru_cache(maxsize=SPECS)
def spec(node: Node, folding: SparseFolding) -> SparseSpec:
    groups, outputs, inputs, _ = shape_of(node)
    weights = weights_of(node.src)
    digits = digits_of(weights) if folding.multiplier == "fabric" else ()
    return SparseSpec(
        folding.pe,
        folding.simd,
        folding.window,
        folding.slots,
        groups,
        outputs // folding.pe,
        inputs // folding.simd,
        passes_of(node, folding),
        node.src[0].type.range,
        code_bits(digits) if digits else signed_bits(IntRange.of_array(weights)),
        node.type.range,
        folding.weight_memory,
        digits,
    )


def latency(spec: SparseSpec) -> int:
    """Issue, buffer and weight memory (3), products, adder trees, accumulator (where there is one)."""
    product = costs.wide_multiplier_latency(signed_bits(spec.x), spec.weight_bits)
    if spec.digits:
        product = 2 + costs.adder_tree_latency(len(spec.digits))
    return 3 + product + costs.adder_tree_latency(spec.multipliers) + (spec.steps * spec.passes > 1)


def schedule(node: Node, folding: SparseFolding) -> Schedule:
    s = spec(node, folding)
    step = np.arange(s.weight_depth)
    beats, cycles_a_fold = step % s.passes == 0, s.steps * s.passes
    takes = beats & ((step // cycles_a_fold) % s.folds == 0)
    gives = step % cycles_a_fold == cycles_a_fold - 1
    position = Process.of_steps((takes,), gives)
    return Schedule(latency(s), (replace(position, turns=shape_of(node)[3]),))


def cycles(node: Node, folding: SparseFolding) -> int:
    return prod((shape_of(node)[3], spec(node, folding).weight_depth))


def area(node: Node, folding: SparseFolding, target: Target) -> Resources:
    """As the dense form, with a choice of inputs in front of every multiplier."""
    s, family = spec(node, folding), target.family
    total = costs.memory(family, s.weight_depth, s.word_bits, s.weight_memory, output_register=True)
    lane = costs.times(s.multipliers, costs.mux(family, s.window, s.x.width))
    if s.steps * s.passes > 1:
        lane += costs.adder(family, s.out.width) + costs.registers(s.out.width) + Resources(luts=s.out.width)
    if s.digits:
        lane += costs.registers(s.multipliers * s.weight_bits)
        total += fabric_products(family, s.digits, s.x, s.out, s.pe, 1, s.multipliers)
    else:
        lane += costs.adder_tree(family, s.multipliers, signed_bits(s.x) + s.weight_bits, s.out.width)
        lane += costs.times(s.multipliers, costs.wide_multiplier(family, signed_bits(s.x), s.weight_bits))
    total += costs.times(s.pe, lane)
    lane_bits = s.simd * s.x.width
    total += costs.registers(3 * lane_bits + 3 * latency(s) + (s.weight_depth - 1).bit_length())
    if s.folds > 1:
        total += costs.memory(family, s.steps, lane_bits, "distributed", writable=True)
        total += costs.mux(family, 2, lane_bits)
    for limit in (s.passes, s.steps, s.folds, s.blocks, s.weight_depth):
        if limit > 1:
            total += costs.counter(family, limit)
    return total


def arrange(node: Node, spec: SparseSpec, taken: tuple[Order, ...]) -> SparseSpec:
    """The same array for every order: the weights follow."""
    return spec


def program(node: Node, folding: SparseFolding, spec: SparseSpec, taken: tuple[Order, ...]) -> dict[str, MemoryImage]:
    """The weights that are not zero with their positions, in the order in which the inputs arrive."""
    positions = positions_of(node, taken[0]) if _suits(node, folding, taken[0]) else None
    if positions is None:
        raise IllegalFolding.of(
            f"MatMul '{node.name}'",
            "the inputs arrive in an order that the array cannot use",
            found=taken[0],
            expected="the contracted axis innermost, windows as they were planned",
            fix="insert a reorder",
        )
    groups, inputs = positions.shape
    by_group = weights_of(node.src).reshape(groups, -1, inputs)
    arrived = np.take_along_axis(by_group, (positions % inputs)[:, np.newaxis, :], axis=2)
    shape = (groups, spec.folds, spec.pe, spec.steps, spec.simd // spec.window, spec.window)
    values, places = pack(arrived.reshape(shape), spec.passes * spec.slots)
    codes = codes_of(values, spec.digits) if spec.digits else values & ((1 << spec.weight_bits) - 1)
    lanes = (codes + (places << spec.weight_bits)).reshape(*shape[:-1], spec.passes, spec.slots)
    # (group, fold, pe, step, window, pass, slot) -> word (group, fold, step, pass), lane (pe, window, slot)
    words = lanes.transpose(0, 1, 3, 5, 2, 4, 6).reshape(spec.weight_depth, -1)
    return {"weights": MemoryImage(words, spec.weight_bits + spec.position_bits, "window_positions")}
