# SPDX-License-Identifier: Apache-2.0
"""Compressed foldings of MatMul: walkers go through lists of the weights that are not zero, one entry a cycle.

The inputs of a position lie in a buffer of each walker while those of the next one arrive; results lie in a second one
until all lists have ended. So a position takes as many cycles as a list has entries, whatever the zeros look like.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.encodings.compressed_rows.code import compress, list_length
from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import NEVER, Process, Schedule, Wait
from hwgen.kernels.base import SPECS, Folding, MemoryImage, UnitSpec, lane_counts
from hwgen.kernels.matmul.contraction import aparts_of, plain_order, positions_of, sequence_of, shape_of, signed_bits
from hwgen.kernels.matmul.digits import Digit, code_bits, codes_of, digits_of, fabric_products
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

BLOCK_SIDES = (1, 2, 4, 8, 16)
MOST_KEPT = 3 / 4
"""Part of a dense array's cycles up to which lists are worth a folding."""

FREED, WRITTEN = 3, 1
"""Cycles from the last entry of a position to the first beat in its place in the buffer, and from its last beat to its
first entry."""


@dataclass(frozen=True)
class CompressedFolding(Folding):
    """Each of pe / rows walkers multiplies a block of `rows` outputs by `simd` inputs a cycle.

    apart: as in the sparse form. distance_bits: of an entry's distance to the one before.
    """

    form: ClassVar[str] = "compressed"
    pe: int
    rows: int
    simd: int
    apart: int
    distance_bits: int
    weight_memory: str
    multiplier: str = "dsp"

    @classmethod
    def of(
        cls,
        pe: int,
        rows: int,
        simd: int,
        apart: int,
        distance_bits: int,
        weight_memory: str,
        multiplier: str = "dsp",
    ) -> CompressedFolding:
        return cls((simd,), pe, pe, rows, simd, apart, distance_bits, weight_memory, multiplier)


@dataclass(frozen=True)
class CompressedSpec(UnitSpec):
    """What the array's hardware depends on.

    beats: of a position; entries: of a list; gives: result beats of a position. Other fields as in the dense form.
    """

    walkers: int
    rows: int
    simd: int
    beats: int
    entries: int
    gives: int
    distance_bits: int
    x: IntRange
    weight_bits: int
    out: IntRange
    weight_memory: str
    digits: tuple[Digit, ...] = ()

    @property
    def pe(self) -> int:
        return self.walkers * self.rows

    @property
    def column_bits(self) -> int:
        return max(1, (self.beats - 1).bit_length())

    @property
    def row_bits(self) -> int:
        return (self.gives - 1).bit_length()


def foldings(node: Node, target: Target) -> tuple[CompressedFolding, ...]:
    """All numbers of walkers for each block that lets a quarter of the multiplications go."""
    return _foldings(node)


@lru_cache(maxsize=256)
def _foldings(node: Node) -> tuple[CompressedFolding, ...]:
    groups, outputs, inputs, _ = shape_of(node)
    if groups > 1:
        return ()
    found = []
    for apart in aparts_of(node):
        for rows, simd in ((r, c) for r in BLOCK_SIDES for c in BLOCK_SIDES if outputs % r == 0 and inputs % c == 0):
            kept = _kept(node, apart, rows, simd)
            if kept.mean() > MOST_KEPT:
                continue
            for walkers in lane_counts(outputs // rows):
                bits = _distance_bits(node, apart, rows, simd, walkers)
                if list_length(kept, walkers, bits) * walkers <= MOST_KEPT * kept.size:
                    found += [
                        CompressedFolding.of(walkers * rows, rows, simd, apart, bits, memory, multiplier)
                        for memory in ("block", "logic")
                        for multiplier in ("dsp", "fabric")
                    ]
    return tuple(found)


@lru_cache(maxsize=256)
def _kept(node: Node, apart: int, rows: int, simd: int) -> np.ndarray:
    """Which blocks (block rows, columns) are not zero."""
    weights = weights_of(node.src)
    weights = weights[:, sequence_of(weights.shape[1], apart)]
    return (weights.reshape(len(weights) // rows, rows, -1, simd) != 0).any(axis=(1, 3))


@lru_cache(maxsize=4096)
def _distance_bits(node: Node, apart: int, rows: int, simd: int, walkers: int) -> int:
    """Bits of a distance with which the lists take the fewest bits."""
    kept, entry = _kept(node, apart, rows, simd), rows * simd * signed_bits(IntRange.of_array(weights_of(node.src)))
    widths = range(1, max(2, (kept.shape[1] - 1).bit_length() + 1))
    return min(widths, key=lambda bits: (list_length(kept, walkers, bits) * (entry + bits), -bits))


def is_fallback(node: Node, folding: CompressedFolding) -> bool:
    """Wide weights without multipliers."""
    return folding.multiplier == "fabric"


def orders(node: Node, folding: CompressedFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """The order of `apart`: distances hold in no other."""
    op: MatMul = node.op  # type: ignore[assignment]
    shape, inputs = node.src[0].type.shape, shape_of(node)[2]
    positions, taken = positions_of(node, given[0]), given[0]
    if positions is None or not np.array_equal(positions[0], sequence_of(inputs, folding.apart)):
        stride = row_major_strides(shape)[op.axis]
        loops = ((folding.apart, stride), (inputs // folding.apart, folding.apart * stride))
        taken = plain_order(shape, op.axis, *loops)
    return (taken,), plain_order(node.type.shape, op.axis)


@lru_cache(maxsize=SPECS)
def spec(node: Node, folding: CompressedFolding) -> CompressedSpec:
    _, outputs, inputs, _ = shape_of(node)
    weights, walkers = weights_of(node.src), folding.pe // folding.rows
    digits = digits_of(weights) if folding.multiplier == "fabric" else ()
    kept = _kept(node, folding.apart, folding.rows, folding.simd)
    return CompressedSpec(
        walkers,
        folding.rows,
        folding.simd,
        inputs // folding.simd,
        list_length(kept, walkers, folding.distance_bits),
        outputs // folding.pe,
        folding.distance_bits,
        node.src[0].type.range,
        code_bits(digits) if digits else signed_bits(IntRange.of_array(weights)),
        node.type.range,
        folding.weight_memory,
        digits,
    )


def until_summed(spec: CompressedSpec) -> int:
    """Cycles from an entry's event to the sum of its products: distance, column, input (4), products, adder tree."""
    product = costs.wide_multiplier_latency(signed_bits(spec.x), spec.weight_bits)
    if spec.digits:
        product = 2 + costs.adder_tree_latency(len(spec.digits))
    return 4 + product + costs.adder_tree_latency(spec.simd)


def schedule(node: Node, folding: CompressedFolding) -> Schedule:
    """A writer of inputs, the walkers, and a giver of results; each starts a position when the others are ready for it."""
    s, positions = spec(node, folding), shape_of(node)[3]
    writer, reader, giver = (_first_of(positions, n) for n in (s.beats, s.entries, s.gives))
    q = np.arange(positions)
    writer_waits = _wait(1, writer, (q - 1) * s.entries - 1, FREED)
    reader_waits = (_wait(0, reader, (q + 1) * s.beats - 1, WRITTEN), _wait(2, reader, (q - 1) * s.gives - 1, 1))
    giver_waits = _wait(1, giver, (q + 1) * s.entries - 1, until_summed(s) + 2)
    none = tuple(np.zeros(len(p), bool) for p in (writer, reader, giver))
    return Schedule(
        1,
        (
            Process(np.ones(len(writer), np.int64), (~none[0],), none[0], (writer_waits,)),
            Process(np.ones(len(reader), np.int64), (), none[1], reader_waits),
            Process(np.ones(len(giver), np.int64), (), ~none[2], (giver_waits,)),
        ),
    )


def _first_of(positions: int, events: int) -> np.ndarray:
    """Which events of a frame are the first of a position."""
    return np.arange(positions * events) % events == 0


def _wait(process: int, first: np.ndarray, events: np.ndarray, delay: int) -> Wait:
    waits = np.full(len(first), NEVER, np.int64)
    waits[first] = events
    return Wait(process, waits, delay)


def cycles(node: Node, folding: CompressedFolding) -> int:
    s = spec(node, folding)
    return shape_of(node)[3] * max(s.beats, s.entries, s.gives)


def area(node: Node, folding: CompressedFolding, target: Target) -> Resources:
    """Lists, buffers of inputs and of results, column counters, multipliers, adder trees, accumulators, control."""
    s, family = spec(node, folding), target.family
    total = costs.memory(family, s.entries, s.pe * s.simd * s.weight_bits, s.weight_memory, output_register=True)
    total += costs.memory(family, s.entries, s.walkers * s.distance_bits, s.weight_memory, output_register=True)
    walker = costs.memory(family, 2 << s.column_bits, s.simd * s.x.width, writable=True)
    walker += costs.adder(family, s.column_bits + 1) + costs.adder(family, s.column_bits + 1)
    walker += costs.mux(family, 2, 2 * s.column_bits) + costs.registers(s.column_bits + until_summed(s))
    walker += costs.counter(family, s.gives) if s.gives > 1 else Resources()
    lane = costs.memory(family, 2 << s.row_bits, s.out.width, "distributed", writable=True)
    lane += costs.adder(family, s.out.width) + costs.registers(s.out.width) + Resources(luts=s.out.width)
    if s.digits:
        total += fabric_products(family, s.digits, s.x, s.out, s.walkers, s.rows, s.simd)
    else:
        lane += costs.adder_tree(family, s.simd, signed_bits(s.x) + s.weight_bits, s.out.width)
        lane += costs.times(s.simd, costs.wide_multiplier(family, signed_bits(s.x), s.weight_bits))
    total += costs.times(s.walkers, walker) + costs.times(s.pe, lane)
    total += costs.registers(s.simd * s.x.width + 4 * until_summed(s) + 24) + Resources(luts=24)
    for limit in (s.beats, s.entries, s.entries, s.gives):
        total += costs.counter(family, limit) if limit > 1 else Resources()
    return total


def arrange(node: Node, spec: CompressedSpec, taken: tuple[Order, ...]) -> CompressedSpec:
    return spec


def program(
    node: Node, folding: CompressedFolding, spec: CompressedSpec, taken: tuple[Order, ...]
) -> dict[str, MemoryImage]:
    """The lists: distances and weights of every entry."""
    if orders(node, folding, taken)[0] != taken:
        raise IllegalFolding.of(
            f"MatMul '{node.name}'",
            "the inputs arrive in an order that the lists do not follow",
            found=taken[0],
            expected=orders(node, folding, taken)[0][0],
            fix="insert a reorder",
        )
    weights = weights_of(node.src)
    arrived = weights[:, sequence_of(weights.shape[1], folding.apart)]
    distances, values = compress(arrived, spec.rows, spec.simd, spec.walkers, spec.distance_bits)
    words = values.reshape(spec.entries, -1)
    return {
        "weights": MemoryImage(codes_of(words, spec.digits) if spec.digits else words, spec.weight_bits),
        "distances": MemoryImage(distances, spec.distance_bits, "compressed_rows"),
    }
