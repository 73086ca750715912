# SPDX-License-Identifier: Apache-2.0
"""The folding of DynamicMatMul: b in memory, two frames in turn, a streamed past it on PE x SIMD multipliers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import NEVER, Process, Schedule, Wait
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.dynamic_matmul.addresses import read_loops, rows_of, write_loops
from hwgen.kernels.dynamic_matmul.op import DynamicMatMul, shifted
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.view.folding import walk_area
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

FRAMES = 2
"""Frames of b in memory: one is read while the next one is written."""
FILLED_DELAY = 1
"""From the event that takes the last beat of b to the first event that may multiply by it."""
FREED_DELAY = 1
"""From the last event that multiplies by a frame of b to the first that may write over it."""


@dataclass(frozen=True)
class BufferedFolding(Folding):
    """Each cycle multiplies `simd` elements of a row of a by `pe` columns of b.

    inner: which axis of b runs inside of a beat, "k" (`simd` elements of a column) or "n" (`pe` elements of a row).
    """

    form: ClassVar[str] = "buffered"
    pe: int
    simd: int
    inner: str

    @classmethod
    def of(cls, pe: int, simd: int, inner: str) -> BufferedFolding:
        return cls((simd, simd if inner == "k" else pe), pe, pe, simd, inner)

    @property
    def banks(self) -> int:
        """Memories side by side, each as wide as a beat of b."""
        return self.pe if self.inner == "k" else self.simd


@dataclass(frozen=True)
class BufferedSpec(UnitSpec):
    """What the hardware depends on.

    folds, steps: passes over a row of a, and cycles of one. words: of b, a frame, in each bank.
    reads, writes: loops ``(count, step of the word address)``, outermost first; the loop of `writes` with the step 0
    goes over the banks.
    """

    pe: int
    simd: int
    inner: str
    folds: int
    steps: int
    words: int
    a: IntRange
    b: IntRange
    zero_a: int
    zero_b: int
    out: IntRange
    reads: tuple[tuple[int, int], ...]
    writes: tuple[tuple[int, int], ...]

    @property
    def a_bits(self) -> int:
        """Of an element of a minus its zero point."""
        return signed_bits(shifted(self.a, self.zero_a))

    @property
    def b_bits(self) -> int:
        return signed_bits(shifted(self.b, self.zero_b))

    @property
    def lanes_b(self) -> int:
        return self.simd if self.inner == "k" else self.pe

    @property
    def banks(self) -> int:
        return self.pe if self.inner == "k" else self.simd

    @property
    def latency(self) -> int:
        """Issue, operands out of their memories (3), products, adder trees, accumulator (where there is one)."""
        product = costs.wide_multiplier_latency(self.a_bits, self.b_bits)
        return 3 + product + costs.adder_tree_latency(self.simd) + (self.steps > 1)


def foldings(node: Node, target: Target) -> tuple[BufferedFolding, ...]:
    k, n = node.src[1].type.shape[-2:]
    return tuple(
        BufferedFolding.of(pe, simd, inner) for pe in lane_counts(n) for simd in lane_counts(k) for inner in ("k", "n")
    )


def orders(node: Node, folding: BufferedFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Rows of a in any order, each from its first to its last element; b in any order of beats inside of its memory."""
    a, b = given
    if read_loops(node, folding, a) is None:
        a = Order.row_major(node.src[0].type.shape)
    if write_loops(node, folding, b) is None:
        rank = len(node.type.shape)
        axes = (rank - 1, rank - 2) if folding.inner == "k" else (rank - 2, rank - 1)
        b = Order.of_axes(node.src[1].type.shape, (*range(rank - 2), *axes))
    strides = row_major_strides(node.type.shape)
    rows = rows_of(node, a) or ()
    result = Order.of_loops(*((count, step * strides[axis]) for axis, count, step in rows), (node.type.shape[-1], 1))
    return (a, b), result


def spec(node: Node, folding: BufferedFolding) -> BufferedSpec:
    """For the orders that the unit asks for where it can take none of what is given."""
    op: DynamicMatMul = node.op  # type: ignore[assignment]
    a, b = (s.type for s in node.src)
    k, n = b.shape[-2:]
    plain = BufferedSpec(
        folding.pe,
        folding.simd,
        folding.inner,
        n // folding.pe,
        k // folding.simd,
        b.size // (folding.pe * folding.simd),
        a.range,
        b.range,
        op.zero_a,
        op.zero_b,
        node.type.range,
        (),
        (),
    )
    taken, _ = orders(node, folding, (Order.row_major(a.shape), Order.row_major(b.shape)))
    return arrange(node, folding, plain, taken)


def arrange(node: Node, folding: BufferedFolding, spec: BufferedSpec, taken: tuple[Order, ...]) -> BufferedSpec:
    """The spec with the addresses for the orders in which the operands arrive."""
    reads, writes = read_loops(node, folding, taken[0]), write_loops(node, folding, taken[1])
    assert reads is not None and writes is not None, "orders() has named these orders"
    return replace(spec, reads=reads, writes=writes)


def schedule(node: Node, folding: BufferedFolding) -> Schedule:
    """Fills a frame of b; multiplies the rows of a by it, row by row without a bubble."""
    s = spec(node, folding)
    beats = s.words * s.banks
    ones, none = np.ones(beats, bool), np.zeros(beats, bool)
    step = np.arange(rows(node) * s.folds * s.steps)
    taking, giving = step // s.steps % s.folds == 0, step % s.steps == s.steps - 1
    multiply = Process.of_steps((taking,), giving)
    events = len(multiply.gap)
    multiply = replace(multiply, waits=(Wait(0, _first(events, beats - 1), FILLED_DELAY),))
    freed = Wait(1, _first(beats, events - 1 - FRAMES * events), FREED_DELAY)
    fill = Process(np.ones(beats, np.int64), (none, ones), none, (freed,))
    return Schedule(s.latency, (fill, multiply))


def _first(events: int, wait_for: int) -> np.ndarray:
    """Only the first event of a frame waits."""
    waits = np.full(events, NEVER, np.int64)
    waits[0] = wait_for
    return waits


def rows(node: Node) -> int:
    """Rows of a in a frame, over all matrices."""
    return prod(node.src[0].type.shape[:-1])


def cycles(node: Node, folding: BufferedFolding) -> int:
    """Of the longer of the two: multiplying, or filling the memory."""
    s = spec(node, folding)
    return max(rows(node) * s.folds * s.steps, s.words * s.banks)


def area(node: Node, folding: BufferedFolding, target: Target) -> Resources:
    """Memory of b, zero points, held row of a, multipliers, adder trees, accumulators, addresses and control."""
    s, family = spec(node, folding), target.family
    beat = s.lanes_b * s.b_bits
    bank = costs.memory(family, FRAMES * s.words, beat, writable=True, output_register=True)
    total = costs.times(s.banks, bank) + costs.registers(beat + s.banks) + Resources(luts=s.banks)
    for lanes, bits, zero in ((s.simd, s.a_bits, s.zero_a), (s.lanes_b, s.b_bits, s.zero_b)):
        if zero:
            total += costs.times(lanes, costs.adder(family, bits))
    lane = costs.adder_tree(family, s.simd, s.a_bits + s.b_bits, s.out.width)
    if s.steps > 1:
        lane += costs.adder(family, s.out.width) + costs.registers(s.out.width) + Resources(luts=s.out.width)
    total += costs.times(s.pe, lane)
    total += costs.times(s.pe * s.simd, costs.wide_multiplier(family, s.a_bits, s.b_bits))
    held = s.simd * s.a_bits
    total += costs.registers(3 * held + 3 * s.latency + 12) + Resources(luts=12)
    if s.folds > 1:
        total += costs.memory(family, s.steps, held, "distributed", writable=True) + costs.mux(family, 2, held)
    for limit in (s.steps, s.folds):
        if limit > 1:
            total += costs.counter(family, limit)
    total += costs.registers((FRAMES * s.words - 1).bit_length() * 2)
    return total + walk_area(family, s.words, s.reads) + walk_area(family, s.words, s.writes)
