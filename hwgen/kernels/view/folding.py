# SPDX-License-Identifier: Apache-2.0
"""Foldings of Reorder: a frame memory of two frames, and the loops that walk it. Reshape and Transpose have none."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule, Wait
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.view.op import Reorder, Transpose
from hwgen.targets import Family, Resources, Target

MOST_LANES = 256
FRAMES = 2
LATENCY = 2
"""Address and output register of the frame memory."""
FILLED_DELAY = 2
"""From the event that takes the last beat of a frame to the first event that may read the frame: the beat passes a
register, and a word cannot be read in the cycle that writes it."""


@dataclass(frozen=True)
class FrameFolding(Folding):
    """Writes a frame as it comes while the frame before is read in its new order."""

    form: ClassVar[str] = "frame"

    @classmethod
    def of(cls, lanes: int) -> FrameFolding:
        return cls((lanes,), lanes)


@dataclass(frozen=True)
class FrameSpec(UnitSpec):
    """What the hardware depends on.

    writes, reads: loops ``(count, step of the word address)``, outermost first.
    """

    word_bits: int
    words: int
    writes: tuple[tuple[int, int], ...]
    reads: tuple[tuple[int, int], ...]


def shared_run(op: Reorder) -> int:
    """Elements that stand together at the same places in both orders: beats may hold any divisor of them."""
    if not op.given.loops:
        return 1
    (count_in, stride_in), (count_out, stride_out) = op.given.loops[-1], op.order.loops[-1]
    return gcd(count_in, count_out) if stride_in == stride_out else 1


def foldings(node: Node, target: Target) -> tuple[FrameFolding, ...]:
    op: Reorder = node.op  # type: ignore[assignment]
    return tuple(FrameFolding.of(lanes) for lanes in lane_counts(shared_run(op), MOST_LANES))


def orders(node: Node, folding: FrameFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    op: Reorder = node.op  # type: ignore[assignment]
    return (op.given,), op.order


def spec(node: Node, folding: FrameFolding) -> FrameSpec:
    op: Reorder = node.op  # type: ignore[assignment]
    lanes = folding.lanes_out
    return FrameSpec(
        word_bits=lanes * node.type.range.width,
        words=node.type.size // lanes,
        writes=word_loops(op.given, lanes),
        reads=word_loops(op.order, lanes),
    )


def word_loops(order: Order, lanes: int) -> tuple[tuple[int, int], ...]:
    """The loops of `order` over words of `lanes` elements of its innermost loop.

    A word's address is the flat index without the digits inside the word, so that all words are numbered densely.
    """
    if not order.loops:
        return ()
    *outer, (count, stride) = order.loops
    words = [(turns, step if step < stride else step // lanes) for turns, step in outer] + [(count // lanes, stride)]
    return Order.of_loops(*words).loops


def schedule(node: Node, folding: FrameFolding) -> Schedule:
    """Writer and reader, a frame apart: neither waits for more than whole frames."""
    words = spec(node, folding).words
    ones, none = np.ones(words, bool), np.zeros(words, bool)
    last = np.full(words, words - 1, dtype=np.int64)
    writer = Process(ones.astype(np.int64), (ones,), none, (Wait(1, last - FRAMES * words, 0),))
    reader = Process(ones.astype(np.int64), (), ones, (Wait(0, last, FILLED_DELAY),))
    return Schedule(LATENCY, (writer, reader))


def cycles(node: Node, folding: FrameFolding) -> int:
    return spec(node, folding).words


def area(node: Node, folding: FrameFolding, target: Target) -> Resources:
    """Two frames of memory, two address generators, the counters of frames."""
    s, family = spec(node, folding), target.family
    total = costs.memory(family, FRAMES * s.words, s.word_bits, writable=True, output_register=True)
    total += costs.registers(s.word_bits) + costs.registers(12) + Resources(luts=12)
    return total + walk_area(family, s.words, s.writes) + walk_area(family, s.words, s.reads)


def walk_area(family: Family, words: int, loops: tuple[tuple[int, int], ...]) -> Resources:
    """The counters of the loops, and the address with the choice of its next step."""
    bits = (FRAMES * words - 1).bit_length()
    total = costs.adder(family, bits) + costs.registers(2 * bits) + costs.mux(family, min(4, 1 + len(loops)), bits)
    for count, _ in loops:
        total += costs.counter(family, count) + costs.registers(2)
    return total


def transposed(node: Node, given: Order) -> Order:
    """A stream as Transpose's result sees it."""
    op: Transpose = node.op  # type: ignore[assignment]
    try:
        return given.transposed(node.src[0].type.shape, op.perm)
    except ValueError as error:
        raise IllegalFolding.of(
            f"Transpose '{node.name}'", "its operand arrives in an order that has no form behind the transpose",
            found=f"{error} in order {given}", expected="loops over whole parts of axes",
            fix="choose another folding for the stage in front of it",
        ) from error  # fmt: skip
