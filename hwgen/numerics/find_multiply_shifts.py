# SPDX-License-Identifier: Apache-2.0
"""Every multiply-and-shift form that is exactly some staircases, with proof."""

from __future__ import annotations

from collections.abc import Sequence

from hwgen.numerics.forms import MultiplyShift
from hwgen.numerics.line import Line, LineProblem, Ties
from hwgen.numerics.proof import prove
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase

TIES: tuple[Ties, ...] = ("up", "even", "odd")


def find_multiply_shifts(staircases: Sequence[Staircase], max_multiplier_bits: int = 32) -> list[MultiplyShift]:
    """Every form, proven, that carries out all staircases (one for each channel).

    max_multiplier_bits: the longest magnitude of a multiplier. There is one form with a shift shared by all channels
    and, if that shortens the longest multiplier, one with a shift for each channel; those that round ties to even or odd
    only if they shorten the multiplier of their kind further.
    """
    clamp = IntRange(min(s.range.lo for s in staircases), max(s.range.hi for s in staircases))
    problems = [LineProblem(staircase, clamp) for staircase in staircases]
    return [prove(form, staircases) for form in _multiply_shifts(problems, max_multiplier_bits)]


def _multiply_shifts(problems: Sequence[LineProblem], max_bits: int) -> list[MultiplyShift]:
    found: list[MultiplyShift] = []
    shortest_shared = shortest = max_bits + 1
    for ties in TIES:
        lines = _shift_lines(problems, ties, shortest_shared - 1)
        if lines is None:
            continue
        shared = _shared_shift(lines)
        if _multiplier_bits(shared) < shortest_shared:
            shortest_shared = _multiplier_bits(shared)
            found.append(_multiply_shift(problems, shared, ties))
        if _multiplier_bits(lines) < min(shortest, shortest_shared):
            shortest = _multiplier_bits(lines)
            found.append(_multiply_shift(problems, lines, ties))
    return found


def _multiplier_bits(lines: Sequence[Line]) -> int:
    return max(abs(line.multiplier).bit_length() for line in lines)


def _shift_lines(problems: Sequence[LineProblem], ties: Ties, max_bits: int) -> list[Line] | None:
    lines = []
    for problem in problems:
        line = problem.shift_line(ties, max_bits)
        if line is None:
            return None
        lines.append(line)
    return lines


def _shared_shift(lines: Sequence[Line]) -> list[Line]:
    """The same lines over the largest of their divisors (all are powers of two)."""
    largest = max(line.divisor for line in lines)
    factors = [largest // line.divisor for line in lines]
    return [Line(n.multiplier * f, n.addend * f, largest) for n, f in zip(lines, factors, strict=True)]


def _multiply_shift(problems: Sequence[LineProblem], lines: Sequence[Line], ties: Ties) -> MultiplyShift:
    return MultiplyShift(
        tuple(p.staircase.domain for p in problems),
        problems[0].clamp,
        tuple(line.multiplier for line in lines),
        tuple(line.addend for line in lines),
        tuple(line.divisor.bit_length() - 1 for line in lines),
        ties,
    )
