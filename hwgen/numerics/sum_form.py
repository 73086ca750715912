# SPDX-License-Identifier: Apache-2.0
"""Integer forms of a two-input sum that is rounded once (see `hwgen.numerics.two_input`)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

import numpy as np

from hwgen.errors import InternalError
from hwgen.numerics.forms import round_shift
from hwgen.numerics.line import Ties
from hwgen.numerics.plane import MAX_SHIFT, PlaneProblem
from hwgen.numerics.proof import Proof
from hwgen.numerics.range import IntRange
from hwgen.numerics.two_input import sum_table

TIES: tuple[Ties, ...] = ("up", "even", "odd")
WORTHWHILE_BITS = 3  # rounding ties to even or odd costs an adder: it must save this much of each multiplier


@dataclass(frozen=True)
class SumForm:
    """``clamp((a * multiplier_a + b * multiplier_b + addend) >> shift)``, with ties as in `MultiplyShift`."""

    kind: ClassVar[str] = "sum"
    a: IntRange
    b: IntRange
    clamp: IntRange
    multiplier_a: int
    multiplier_b: int
    addend: int
    shift: int
    ties: Ties
    proof: Proof | None = field(default=None, kw_only=True, compare=False)

    def evaluate(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The codes (int64), in the integer arithmetic of the hardware, for arrays that broadcast."""
        total = np.asarray(a, np.int64) * self.multiplier_a + np.asarray(b, np.int64) * self.multiplier_b + self.addend
        return np.clip(round_shift(total, self.shift, self.ties), self.clamp.lo, self.clamp.hi)

    @cached_property
    def intermediates(self) -> dict[str, IntRange]:
        """The exact range of every value on the way, in order; the last one is what the clamp sees."""
        products = [sorted((r.lo * m, r.hi * m)) for r, m in ((self.a, self.multiplier_a), (self.b, self.multiplier_b))]
        total = IntRange(*(products[0][end] + products[1][end] + self.addend for end in (0, 1)))
        return {
            "product_a": IntRange(*products[0]),
            "product_b": IntRange(*products[1]),
            "sum": total,
            "shifted": IntRange(*(round_shift(end, self.shift, self.ties) for end in (total.lo, total.hi))),
        }

    @property
    def needs_clamp(self) -> bool:
        return self.intermediates["shifted"] not in self.clamp


@dataclass(frozen=True)
class SumTable:
    """``table[a - a.lo][b - b.lo]``: for the rare sums without a plane."""

    kind: ClassVar[str] = "sum_table"
    a: IntRange
    b: IntRange
    table: tuple[tuple[int, ...], ...] = field(repr=False)
    proof: Proof | None = field(default=None, kw_only=True, compare=False)

    def evaluate(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.array(self.table, np.int64)[np.asarray(a, np.int64) - self.a.lo, np.asarray(b, np.int64) - self.b.lo]


def find_sum_form(
    a: IntRange,
    b: IntRange,
    ra: Fraction,
    rb: Fraction,
    c: Fraction,
    zero_point: int,
    out: IntRange,
    max_multiplier_bits: int = 32,
) -> SumForm | SumTable:
    """The form of ``clip(round_half_even(a * ra + b * rb + c) + zero_point)``, compared with it at every point."""
    return fit_sum_form(a, b, ra, rb, sum_table(a, b, ra, rb, c, zero_point, out), max_multiplier_bits)


def fit_sum_form(
    a: IntRange, b: IntRange, ra: Fraction, rb: Fraction, table: np.ndarray, max_multiplier_bits: int = 32
) -> SumForm | SumTable:
    """The form of the codes in `table` (entry [i, j] belongs to (a.lo + i, b.lo + j)), compared with them all.

    ra, rb: about how much the code rises with a and with b. Ties to even or odd are needed where many points lie on
    ties, as with scales that are powers of two.
    """
    problem = PlaneProblem(a, b, Fraction(ra), Fraction(rb), table)
    form: SumForm | None = None
    for ties in TIES:
        plane = problem.find(ties, max_multiplier_bits, form.shift - WORTHWHILE_BITS if form else MAX_SHIFT)
        if plane is not None:
            clamp = IntRange.of_array(table)
            form = SumForm(a, b, clamp, plane.multiplier_a, plane.multiplier_b, plane.addend, plane.shift, ties)
    if form is None:
        tabulated = SumTable(a, b, tuple(map(tuple, table.tolist())))
        return replace(tabulated, proof=compare_sum(tabulated, table))
    return replace(form, proof=compare_sum(form, table))


def integer_sum(a: IntRange, b: IntRange, ra: int, rb: int, offset: int, out: IntRange) -> SumForm:
    """``clip(a * ra + b * rb + offset)``: nothing is rounded, so the form is the sum itself whatever its size."""
    form = SumForm(a, b, out, ra, rb, offset, 0, "up", proof=Proof(0))
    reached = form.intermediates["sum"]
    return replace(form, clamp=IntRange(out.clamp(reached.lo), out.clamp(reached.hi)))


def compare_sum(form: SumForm | SumTable, table: np.ndarray) -> Proof:
    """Compares with `table` at every point. Raises InternalError where the form is wrong."""
    a, b = np.arange(form.a.lo, form.a.hi + 1)[:, None], np.arange(form.b.lo, form.b.hi + 1)[None]
    wrong = np.argwhere(form.evaluate(a, b) != table)
    if wrong.size:
        i, j = wrong[0]
        raise InternalError(f"{form.kind} differs from the exact sum at ({form.a.lo + i}, {form.b.lo + j})")
    return Proof(table.size)
