# SPDX-License-Identifier: Apache-2.0
"""All proven hardware forms of the requantizer of a layer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hwgen.numerics.float32_form import Float32Multiply
from hwgen.numerics.forms import Division, Form, Lookup, MultiplyShift, Thresholds
from hwgen.numerics.line import Line, LineProblem, Ties
from hwgen.numerics.proof import prove
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Requantizer
from hwgen.numerics.staircase import Staircase

MAX_LOOKUP_SIZE = 1 << 12
MAX_THRESHOLDS = 1 << 12
TIES: tuple[Ties, ...] = ("up", "even", "odd")


def find_forms(
    staircases: Sequence[Staircase], max_multiplier_bits: int = 32, requantizer: Requantizer | None = None
) -> list[Form]:
    """Every form, proven, that carries out all staircases (one for each channel).

    max_multiplier_bits: the longest magnitude of a multiplier. Of the multiply-and-shift forms there is one with a
    shift shared by all channels and, if that shortens the longest multiplier, one with a shift for each channel;
    those that round ties to even or odd only if they shorten the multiplier of their kind further.
    requantizer: what the staircases were made from, if nothing follows it; allows `Float32Multiply` for ``ort``.
    """
    problems = _problems(staircases)
    forms: tuple[Form | None, ...] = (
        _lookup(staircases),
        _thresholds(staircases),
        *_multiply_shifts(problems, max_multiplier_bits),
    )
    forms += (_division(problems), _float32(requantizer, staircases))
    return [prove(form, staircases) for form in forms if form is not None]


def _problems(staircases: Sequence[Staircase]) -> list[LineProblem]:
    clamp = _clamp(staircases)
    return [LineProblem(staircase, clamp) for staircase in staircases]


def _clamp(staircases: Sequence[Staircase]) -> IntRange:
    return IntRange(min(s.range.lo for s in staircases), max(s.range.hi for s in staircases))


def _domains(staircases: Sequence[Staircase]) -> tuple[IntRange, ...]:
    return tuple(s.domain for s in staircases)


def _lookup(staircases: Sequence[Staircase]) -> Lookup | None:
    domain = IntRange(min(s.domain.lo for s in staircases), max(s.domain.hi for s in staircases))
    if domain.size > MAX_LOOKUP_SIZE:
        return None
    rows = []
    for staircase in staircases:
        inputs = np.clip(np.arange(domain.lo, domain.hi + 1), staircase.domain.lo, staircase.domain.hi)
        rows.append(tuple(staircase.evaluate(inputs).tolist()))
    return Lookup(_domains(staircases), _clamp(staircases), tuple(rows))


def _thresholds(staircases: Sequence[Staircase]) -> Thresholds | None:
    if any(s.range.size - 1 > MAX_THRESHOLDS for s in staircases):
        return None
    rows = [tuple(t for t, a, b in s.transitions for _ in range(abs(b - a))) for s in staircases]
    first = tuple(s.values[0] for s in staircases)
    direction = tuple(s.direction for s in staircases)
    return Thresholds(_domains(staircases), _clamp(staircases), tuple(rows), first, direction)


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


def _division(problems: Sequence[LineProblem]) -> Division | None:
    lines = [problem.division_line() for problem in problems]
    if None in lines:
        return None
    known = [line for line in lines if line is not None]
    return Division(
        tuple(p.staircase.domain for p in problems),
        problems[0].clamp,
        tuple(line.multiplier for line in known),
        tuple(line.addend for line in known),
        tuple(line.divisor for line in known),
    )


def _float32(requantizer: Requantizer | None, staircases: Sequence[Staircase]) -> Float32Multiply | None:
    if requantizer is None:
        return None
    return Float32Multiply.of(requantizer, _domains(staircases), _clamp(staircases))
