# SPDX-License-Identifier: Apache-2.0
"""Foldings of Add: one proven integer form of the rounded sum, carried out with multiplier blocks, LUTs or a table."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.add.op import Add
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.numerics.forms import round_shift
from hwgen.numerics.line import Ties
from hwgen.numerics.range import IntRange
from hwgen.numerics.sum_form import SumForm, SumTable, compare_sum, fit_sum_form, integer_sum
from hwgen.numerics.two_input import is_countable
from hwgen.targets import Resources, Target

MOST_LANES = 256
TABLE_LATENCY = 2


@dataclass(frozen=True)
class SumFolding(Folding):
    """y = clamp((a * multiplier_a + b * multiplier_b + addend) >> shift), with ties up, to even or to odd.

    multiplier: "dsp"; or "lut": shifted copies of the codes, or multiples from tables of 4 bits, in one tree of adders.
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
    def addend_in_table(self) -> str:
        """Operand ("a" or "b") whose tables hold the addend too, "" if neither has tables."""
        if self.multiplier == "lut":
            for name, codes, factor in (("a", self.a, self.multiplier_a), ("b", self.b, self.multiplier_b)):
                if is_tabulated(codes, factor):
                    return name
        return ""

    @property
    def terms(self) -> int:
        """Summands of the adder tree: products, or what they are made of; and the addend where it stands alone."""
        products = 2
        if self.multiplier == "lut":
            products = summands(self.a, self.multiplier_a) + summands(self.b, self.multiplier_b)
        return max(1, products + int(self.addend != 0 and not self.addend_in_table))

    @property
    def product_latency(self) -> int:
        if self.multiplier == "dsp":
            return costs.wide_multiplier_latency(*self.product_bits)
        return 2 if self.addend_in_table else 1

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


def is_tabulated(codes: IntRange, factor: int) -> bool:
    """Whether tables of all multiples, one for each 4 bits of the code, cost less than adding up shifted copies."""
    return len(costs.signed_digits(factor)) > 2 * nibbles(codes)


def nibbles(codes: IntRange) -> int:
    """Groups of 4 bits in a code."""
    return -(-codes.width // 4)


def summands(codes: IntRange, factor: int) -> int:
    """Tables, or shifted copies, of which the product of a code and a factor is the sum."""
    return nibbles(codes) if is_tabulated(codes, factor) else len(costs.signed_digits(factor))


def signed_bits(values: IntRange) -> int:
    """Bits of the two's complement word that holds `values`, also where they are never negative."""
    return IntRange(min(values.lo, -1), values.hi).width


@lru_cache(maxsize=256)
def _form(op: Add, a: IntRange, b: IntRange) -> SumForm | SumTable:
    if op.is_integer and not is_countable(a, b):
        return integer_sum(a, b, int(op.ratio_a), int(op.ratio_b), int(op.offset) + op.zero_point, op.out)
    return fit_sum_form(a, b, op.ratio_a, op.ratio_b, op.table(a, b))


def form_of(node: Node) -> SumForm | SumTable:
    """The integer form of the sum: proven at every pair of codes, or the sum itself where nothing is rounded."""
    a, b = (s.type.range for s in node.src)
    return _form(node.op, a, b)


def prove(node: Node) -> SumForm | SumTable:
    """The form, compared anew with the exact sum. Raises InternalError if it is wrong."""
    form = form_of(node)
    if is_countable(form.a, form.b):
        compare_sum(form, node.op.table(form.a, form.b))
    elif form != _form.__wrapped__(node.op, form.a, form.b):
        raise InternalError(f"{form.kind} of '{node.name}' is not its sum of integers")
    return form


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
    if isinstance(s, SumSpec):
        lane = _lane_of_sum(s, target)
    else:
        lane = costs.memory(family, s.depth, s.out.width, s.memory, output_register=True)
    return costs.registers(s.latency) + Resources(luts=3) + costs.times(s.lanes, lane)


def _lane_of_sum(s: SumSpec, target: Target) -> Resources:
    family = target.family
    bits = signed_bits(s.sums)
    if s.multiplier == "dsp":
        product = costs.wide_multiplier(family, *s.product_bits)
        total, term_bits = product + product, bits - 1
    else:
        total, term_bits = costs.registers(s.a.width + s.b.width), max(s.a.width, s.b.width) + 4
        for codes, factor in ((s.a, s.multiplier_a), (s.b, s.multiplier_b)):
            if is_tabulated(codes, factor):
                term_bits = codes.width // 2 + factor.bit_length()
                total += costs.times(nibbles(codes), Resources(luts=term_bits, ffs=term_bits))
            elif s.addend_in_table:
                total += costs.registers(codes.width)
    total += costs.adder_tree(family, s.terms, term_bits, bits, 1)
    if s.ties != "up":
        total += costs.adder(family, bits) + costs.registers(bits)
    excess = max(0, signed_bits(s.shifted) - s.out.width)
    return total + Resources(luts=s.out.width + excess, ffs=s.out.width)
