# SPDX-License-Identifier: Apache-2.0
"""Foldings of Add: one proven integer form of the rounded sum, carried out with multiplier blocks, LUTs or a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.add.op import Add
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.numerics.forms import round_shift
from hwgen.numerics.line import Ties
from hwgen.numerics.range import IntRange
from hwgen.numerics.sum_form import SumForm, SumTable, find_sum_form
from hwgen.targets import Resources, Target

MOST_LANES = 256
TABLE_LATENCY = 2


@dataclass(frozen=True)
class SumFolding(Folding):
    """y = clamp((a * multiplier_a + b * multiplier_b + addend) >> shift), with ties up, to even or to odd.

    multiplier: "dsp", or "lut": shifted copies of both operands in one tree of adders.
    """

    form: ClassVar[str] = "sum"
    multiplier: str

    @classmethod
    def of(cls, lanes: int, multiplier: str) -> SumFolding:
        return cls((lanes, lanes), lanes, multiplier)


@dataclass(frozen=True)
class SumTableFolding(Folding):
    """y from a table addressed by both codes, for the rare sums that no plane is equal to. memory: always "block"."""

    form: ClassVar[str] = "sum_table"
    memory: str

    @classmethod
    def of(cls, lanes: int) -> SumTableFolding:
        return cls((lanes, lanes), lanes, "block")


AddFolding = SumFolding | SumTableFolding


@dataclass(frozen=True)
class SumSpec(UnitSpec):
    """a, b: ranges of the codes; sums: of the sum before the shift; clamp: what the result is limited to."""

    lanes: int
    a: IntRange
    b: IntRange
    multiplier: str
    multiplier_a: int
    multiplier_b: int
    addend: int
    sums: IntRange
    shift: int
    ties: Ties
    clamp: IntRange
    out: IntRange

    @property
    def product_bits(self) -> tuple[int, int]:
        """Signed bits of a code and of a multiplier, the same for both operands."""
        factors = IntRange(min(self.multiplier_a, self.multiplier_b, -1), max(self.multiplier_a, self.multiplier_b, 0))
        return max(self.a.width, self.b.width) + 1, factors.width

    @property
    def terms(self) -> int:
        """Summands of the adder tree: products, or shifted copies; and the addend where it is not 0."""
        products = 2
        if self.multiplier == "lut":
            products = sum(len(costs.signed_digits(f)) for f in (self.multiplier_a, self.multiplier_b))
        return max(1, products + int(self.addend != 0))

    @property
    def product_latency(self) -> int:
        return 1 if self.multiplier == "lut" else costs.wide_multiplier_latency(*self.product_bits)

    @property
    def shifted(self) -> IntRange:
        """Range of the rounded sum, before it is clamped."""
        return IntRange(*(round_shift(end, self.shift, self.ties) for end in (self.sums.lo, self.sums.hi)))

    @property
    def latency(self) -> int:
        rounding = int(self.ties != "up")
        return self.product_latency + costs.adder_tree_latency(self.terms, 1) + rounding + 1


@dataclass(frozen=True)
class SumTableSpec(UnitSpec):
    """One table of ``2**(bits of a + bits of b)`` words a lane."""

    lanes: int
    a: IntRange
    b: IntRange
    memory: str
    out: IntRange

    @property
    def depth(self) -> int:
        return 1 << (self.a.width + self.b.width)

    @property
    def latency(self) -> int:
        return TABLE_LATENCY


@lru_cache(maxsize=256)
def _form(op: Add, a: IntRange, b: IntRange) -> SumForm | SumTable:
    return find_sum_form(a, b, op.ratio_a, op.ratio_b, op.offset, op.zero_point, op.out)


def form_of(node: Node) -> SumForm | SumTable:
    """The integer form of the sum, proven at every pair of codes."""
    a, b = (s.type.range for s in node.src)
    return _form(node.op, a, b)


def foldings(node: Node, target: Target) -> tuple[AddFolding, ...]:
    """Every lane count that divides the frame; with multiplier blocks and without, or with a table."""
    lanes = lane_counts(node.type.size, MOST_LANES)
    if isinstance(form_of(node), SumTable):
        return tuple(SumTableFolding.of(n) for n in lanes)
    return tuple(SumFolding.of(n, multiplier) for n in lanes for multiplier in ("lut", "dsp"))


def orders(node: Node, folding: AddFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """The first operand's order, for both."""
    return (given[0], given[0]), given[0]


def schedule(node: Node, folding: AddFolding) -> Schedule:
    """A beat of each operand and a result, in every cycle."""
    every = np.ones(node.type.size // folding.lanes_out, dtype=bool)
    return Schedule(spec(node, folding).latency, (Process.of_steps((every, every), every),))


def spec(node: Node, folding: AddFolding) -> SumSpec | SumTableSpec:
    form, out = form_of(node), node.type.range
    if isinstance(folding, SumTableFolding):
        return SumTableSpec(folding.lanes_out, form.a, form.b, folding.memory, out)
    assert isinstance(form, SumForm), "foldings() offers only forms that exist"
    return SumSpec(
        folding.lanes_out,
        form.a,
        form.b,
        folding.multiplier,
        form.multiplier_a,
        form.multiplier_b,
        form.addend,
        form.intermediates["sum"],
        form.shift,
        form.ties,
        form.clamp,
        out,
    )


def contents(node: Node, spec: SumTableSpec) -> np.ndarray:
    """The word at each address (bits of a above bits of b), shape (depth, 1)."""
    address = np.arange(spec.depth)
    a = _code(address >> spec.b.width, spec.a)
    b = _code(address & ((1 << spec.b.width) - 1), spec.b)
    return form_of(node).evaluate(a, b).reshape(-1, 1)


def _code(bits: np.ndarray, codes: IntRange) -> np.ndarray:
    """The code of that many bits; the nearest one where none of the range has them."""
    signed = np.where(codes.signed & (bits >= 1 << (codes.width - 1)), bits - (1 << codes.width), bits)
    return np.clip(signed, codes.lo, codes.hi)


def area(node: Node, folding: AddFolding, target: Target) -> Resources:
    s, family = spec(node, folding), target.family
    total = costs.registers(s.latency) + Resources(luts=3)
    for _ in range(s.lanes):
        total += (
            _lane_of_sum(s, target)
            if isinstance(s, SumSpec)
            else costs.memory(family, s.depth, s.out.width, s.memory, output_register=True)
        )
    return total


def _lane_of_sum(s: SumSpec, target: Target) -> Resources:
    family = target.family
    codes = s.a.width + s.b.width
    bits = IntRange(min(s.sums.lo, -1), s.sums.hi).width
    if s.multiplier == "lut":
        total = costs.registers(codes)
        term_bits = max(s.a.width, s.b.width) + 4
    else:
        product = costs.wide_multiplier(family, *s.product_bits)
        total = product + product
        term_bits = bits - 1
    total += costs.adder_tree(family, s.terms, term_bits, bits, 1)
    if s.ties != "up":
        total += costs.adder(family, bits) + costs.registers(bits)
    excess = max(0, IntRange(min(s.shifted.lo, -1), s.shifted.hi).width - s.out.width)
    return total + Resources(luts=s.out.width + excess, ffs=s.out.width)
