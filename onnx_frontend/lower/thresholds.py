# SPDX-License-Identifier: Apache-2.0
"""Counting thresholds: the expressions that hold a MultiThreshold, and their exact staircases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase
from onnx_frontend.lower.expression import AffineClip, Exact, Expression, X, as_affine_clip

Bounds = tuple[Fraction | None, Fraction | None]


@dataclass(frozen=True, eq=False)
class Count:
    """``outer(number of thresholds <= inner(x))``."""

    inner: AffineClip
    thresholds: tuple[Exact, ...]
    outer: AffineClip


def as_count(tree: Expression) -> Count | None:
    """The tree in this form, or None if it is something else."""
    count = _find(tree)
    if count is None:
        return None
    inner, outer = as_affine_clip(count.args[0]), as_affine_clip(_with_x_for(count, tree))
    if inner is None or outer is None:
        return None
    return Count(inner, tuple(a.value for a in count.args[1:]), outer)


def _find(tree: Expression) -> Expression | None:
    if tree.op == "MultiThreshold":
        return tree
    return next((found for a in tree.args if (found := _find(a)) is not None), None)


def _with_x_for(part: Expression, tree: Expression) -> Expression:
    if tree is part:
        return X
    return Expression(tree.op, tuple(_with_x_for(part, a) for a in tree.args), tree.value, tree.attributes)


def clipped(value: Fraction, bounds: Bounds) -> Fraction:
    lo, hi = bounds
    value = value if lo is None else max(value, lo)
    return value if hi is None else min(value, hi)


def count_staircase(
    domain: IntRange,
    gain: Fraction,
    shift: Fraction,
    bounds: Bounds,
    thresholds: Sequence[Fraction],
    codes: Sequence[int],
) -> Staircase:
    """``codes[number of thresholds <= clip(gain * acc + shift, bounds)]`` over the integers of `domain`."""
    if gain < 0:
        mirror = IntRange(-domain.hi, -domain.lo)
        return count_staircase(mirror, -gain, shift, bounds, thresholds, codes).mirrored()
    if gain == 0:
        value = clipped(shift, bounds)
        return Staircase.constant(domain, codes[sum(value >= t for t in thresholds)])
    steps: list[int] = []
    values = [codes[0]]
    for count, first in enumerate(sorted(_first(domain, gain, shift, bounds, t) for t in thresholds), 1):
        if steps and steps[-1] == first:
            values[-1] = codes[count]
        else:
            steps.append(first)
            values.append(codes[count])
    return Staircase.of_steps(domain, steps, values)


def _first(domain: IntRange, gain: Fraction, shift: Fraction, bounds: Bounds, threshold: Fraction) -> int:
    """The first accumulator that reaches a threshold; outside of the domain where all or none do."""
    lo, hi = bounds
    if hi is not None and hi < threshold:
        return domain.hi + 1
    if lo is not None and lo >= threshold:
        return domain.lo
    return -((shift - threshold) // gain)
