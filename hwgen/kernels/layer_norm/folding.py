# SPDX-License-Identifier: Apache-2.0
"""The folding of LayerNorm: two passes over rows in a ring of rows, so that a beat goes in and out in each cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order, row_major_strides
from hwgen.ir.schedule import NEVER, Process, Schedule, Wait
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.layer_norm.op import LayerNorm
from hwgen.numerics.range import IntRange

MOST_LANES = 16
RING_LATENCY = 2
"""From the address of the ring of rows to its beat; the same for the memories of gains and biases."""
SHIFT_BITS = 2
"""Bits of the amount by which one stage of the shifter shifts."""


@dataclass(frozen=True)
class TwoPassFolding(Folding):
    """`lanes` elements of a row a beat. multiplier: "dsp" or "lut"."""

    form: ClassVar[str] = "two_pass"
    multiplier: str

    @classmethod
    def of(cls, lanes: int, multiplier: str) -> TwoPassFolding:
        return cls((lanes,), lanes, multiplier)


@dataclass(frozen=True)
class RootSpec:
    """A reciprocal root: the bits of its radicand (even), of what it gives, and of what it looks at.

    shift: places of the shift that belongs to the longest radicand; each pair of zeros in front takes one off.
    """

    radicand_bits: int
    bits: int
    mantissa_bits: int
    shift: int

    @property
    def shift_bits(self) -> int:
        return max(1, self.shift.bit_length())

    @property
    def align_cycles(self) -> int:
        """Cycles to shift all zeros out in front, four pairs at once or one."""
        pairs = range(self.radicand_bits // 2)
        return max(n // 4 + n % 4 for n in pairs)

    @property
    def latency(self) -> int:
        """From the radicand to the root; as long it takes no other."""
        return self.align_cycles + 2 + self.bits


@dataclass(frozen=True)
class TwoPassSpec(UnitSpec):
    """What the hardware depends on. beats: of a row; gain, bias: the one of all elements, or None for memories.

    u, total, squares: ranges of a code less `offset` and of the sums over a row; numerator, t, sums: of what the
    second pass makes of it; sums holds the zero point.
    """

    lanes: int
    beats: int
    x: IntRange
    out: IntRange
    centered: bool
    offset: int
    u: IntRange
    total: IntRange
    squares: IntRange
    spread: IntRange
    epsilon: int
    epsilon_bits: int
    root: RootSpec
    padding: int
    numerator: IntRange
    t: IntRange
    sums: IntRange
    cut_bits: int
    scale_bits: int
    zero_point: int
    gain: int | None
    bias: int | None
    gain_bits: int
    bias_bits: int
    multiplier: str

    @property
    def row(self) -> int:
        return self.lanes * self.beats

    @property
    def summed_latency(self) -> int:
        """From the event that takes the last beat of a row to its sums."""
        return 1 + self.product_latency(self.u_bits, self.u_bits) + costs.adder_tree_latency(self.lanes) + 1

    @property
    def spread_latency(self) -> int:
        """From the sums of a row to the radicand of its root."""
        if not self.centered:
            return 1
        return max(self.product_latency(self.total_bits, self.total_bits), self.row_times_squares_latency) + 2

    @property
    def row_times_squares_latency(self) -> int:
        return costs.constant_multiplier_latency(self.row)

    @property
    def numerator_latency(self) -> int:
        """From an event of the second pass to the numerators of its beat."""
        return RING_LATENCY + (costs.constant_multiplier_latency(self.row) + 1 if self.centered else 0)

    @property
    def t_latency(self) -> int:
        """From the numerators to t."""
        stages = -(-self.root.shift_bits // SHIFT_BITS)
        return self.product_latency(self.numerator_bits, self.root.bits + 1) + stages

    @property
    def latency(self) -> int:
        """From an event of the second pass to its beat; behind the gain come the sum, its rounding and its clip."""
        gained = self.product_latency(self.t.width, self.gain_bits)
        return self.numerator_latency + self.t_latency + gained + 3

    @property
    def delay(self) -> int:
        """From the event that takes the last beat of a row to the first that may read the row."""
        root = self.summed_latency + self.spread_latency + self.root.latency
        return max(2, root + 2 - self.numerator_latency)

    @property
    def rows(self) -> int:
        """Rows in the ring: as many as come in before the first is read to its end and free again."""
        return -(-(2 * self.beats - 1 + self.delay) // self.beats)

    @property
    def roots(self) -> int:
        """Reciprocal roots, which take turns: as many as rows come in while one is at work."""
        return -(-self.root.latency // self.beats)

    @property
    def u_bits(self) -> int:
        return signed_bits(self.u)

    @property
    def total_bits(self) -> int:
        return signed_bits(self.total)

    @property
    def numerator_bits(self) -> int:
        return signed_bits(self.numerator)

    def product_latency(self, a_bits: int, b_bits: int) -> int:
        if self.multiplier == "dsp":
            return costs.wide_multiplier_latency(a_bits, b_bits)
        return costs.fabric_multiplier_latency(min(a_bits, b_bits))


def signed_bits(values: IntRange) -> int:
    """Bits of a signed word that holds them."""
    return IntRange(min(values.lo, -1), max(values.hi, 0)).width


def _op(node: Node) -> LayerNorm:
    return node.op  # type: ignore[return-value]


def row_of(node: Node) -> int:
    """Elements of a row."""
    return node.type.shape[_op(node).axis]


def foldings(node: Node) -> tuple[TwoPassFolding, ...]:
    lanes = lane_counts(row_of(node), MOST_LANES)
    return tuple(TwoPassFolding.of(n, multiplier) for n in lanes for multiplier in ("dsp", "lut"))


def orders(node: Node, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Rows in whatever order they come, if the elements of each run innermost."""
    shape, axis = node.type.shape, _op(node).axis
    strides = row_major_strides(shape)
    row = (shape[axis], strides[axis])
    outer = given[0].outside_of(Order.of_loops(row))
    if outer is None:
        outer = tuple((extent, strides[k]) for k, extent in enumerate(shape) if k != axis)
    order = Order.of_loops(*outer, row)
    return (order,), order


def spec(node: Node, folding: TwoPassFolding) -> TwoPassSpec:
    op, x, row = _op(node), node.src[0].type.range, row_of(node)
    u = IntRange(x.lo - op.offset, x.hi - op.offset)
    squares = IntRange(0, row * max(u.lo**2, u.hi**2))
    width = u.hi - u.lo
    spread = IntRange(0, row**2 * width**2 // 4) if op.centered else squares  # Popoviciu's inequality
    numerator = IntRange(-(row - 1) * width, (row - 1) * width) if op.centered else u
    radicand = ((spread.hi << op.epsilon_bits) + op.epsilon).bit_length()
    radicand = max(2, radicand + radicand % 2)
    added = op.zero_point << op.bias_bits
    totals = op.totals(row)
    return TwoPassSpec(
        lanes=folding.lanes_out,
        beats=row // folding.lanes_out,
        x=x,
        out=node.type.range,
        centered=op.centered,
        offset=op.offset,
        u=u,
        total=IntRange(row * u.lo, row * u.hi),
        squares=squares,
        spread=spread,
        epsilon=op.epsilon,
        epsilon_bits=op.epsilon_bits,
        root=RootSpec(radicand, op.root_bits, op.mantissa_bits, op.shift_of(radicand)),
        padding=op.padding,
        numerator=numerator,
        t=op.t_range(row),
        sums=IntRange(totals.lo + added, totals.hi + added),
        cut_bits=op.cut_bits,
        scale_bits=op.bias_bits,
        zero_point=op.zero_point,
        gain=op.gains[0] if len(op.gains) == 1 else None,
        bias=op.biases[0] + added if len(op.biases) == 1 else None,
        gain_bits=signed_bits(IntRange(min(op.gains), max(op.gains))),
        bias_bits=signed_bits(IntRange(min(op.biases) + added, max(op.biases) + added)),
        multiplier=folding.multiplier,
    )


def schedule(node: Node, folding: TwoPassFolding) -> Schedule:
    """Takes a row, then gives it: two processes, the second a row and the delay of the root behind the first."""
    s = spec(node, folding)
    beats = node.type.size // s.lanes
    each = np.arange(beats)
    first = each % s.beats == 0
    end_of_row = each + s.beats - 1
    ones, none, gap = np.ones(beats, bool), np.zeros(beats, bool), np.ones(beats, np.int64)
    take = Process(gap, (ones,), none, (Wait(1, np.where(first, end_of_row - s.rows * s.beats, NEVER), 1),))
    give = Process(gap, (), ones, (Wait(0, np.where(first, end_of_row, NEVER), s.delay),))
    return Schedule(s.latency, (take, give))


def cycles(node: Node, folding: TwoPassFolding) -> int:
    return node.type.size // folding.lanes_out
