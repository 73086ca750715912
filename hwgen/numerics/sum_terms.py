# SPDX-License-Identifier: Apache-2.0
"""The sum of an output's terms as a tree of adders, the two that make the narrowest sum first."""

from __future__ import annotations

import numpy as np
from numba import njit

from hwgen.numerics.adder_graph import NOTHING
from hwgen.numerics.share_digits import width_of

SOURCE, SHIFT, SIGN, LOW, HIGH, LEVEL = range(6)
"""Columns of a table of terms ``sign * source << shift``; LOW and HIGH are the range of the source."""


def sum_terms(terms: np.ndarray, next_source: int, depth: int) -> tuple[np.ndarray, tuple[int, int]]:
    """(adders, (source, shift)) of the sum of `terms`, shape (terms, 6).

    adders: rows of the fields of Adder, the first of them the source `next_source`. No way is longer than `depth`: the
    Kraft sum of the levels must allow it, by half where every term is subtracted and one of them is negated first.
    """
    if not len(terms):
        return np.zeros((0, 5), np.int64), (NOTHING, 0)
    terms = terms.copy()
    adders: list[tuple[int, int, int, int, int]] = []
    if np.all(terms[:, SIGN] < 0):
        narrowest = terms[np.argmin(terms[:, HIGH] - terms[:, LOW])]
        adders.append((int(narrowest[SOURCE]), NOTHING, 0, -1, 1))
        narrowest[SOURCE], narrowest[SIGN], narrowest[LEVEL] = next_source, 1, narrowest[LEVEL] + 1
        narrowest[LOW], narrowest[HIGH] = -narrowest[HIGH], -narrowest[LOW]
    tree = _sum(terms, next_source + len(adders), 1 << depth)
    head = np.array(adders, dtype=np.int64).reshape(-1, 5)
    return np.concatenate([head, tree]), (int(terms[0, SOURCE]), int(terms[0, SHIFT]))


@njit(cache=True)
def _sum(terms, source, room):
    """Adds up all terms into the first row; at least one of them is added, and so is the result."""
    adders = np.zeros((len(terms) - 1, 5), np.int64)
    left = len(terms)
    filled = np.int64(0)
    positive = 0
    for k in range(left):
        filled += 1 << terms[k, LEVEL]
        positive += terms[k, SIGN] > 0
    for n in range(len(adders)):
        a, b = _narrowest(terms, left, filled, room)
        first, second = terms[a], terms[b]
        filled -= (1 << first[LEVEL]) + (1 << second[LEVEL])
        mixed = first[SIGN] != second[SIGN]
        # The sum takes the sign of its lower term, whose low bits then need no adder, while another term is added.
        sign = 1 if mixed and (positive == 1 or first[SHIFT] == second[SHIFT]) else first[SIGN]
        positive += (sign > 0) - (first[SIGN] > 0) - (second[SIGN] > 0)
        distance = second[SHIFT] - first[SHIFT]
        one, other = sign * first[SIGN], sign * second[SIGN]
        adders[n] = np.array([first[SOURCE], second[SOURCE], distance, one, other])
        ends = (one * first[LOW], one * first[HIGH], other * second[LOW] << distance, other * second[HIGH] << distance)
        low, high = min(ends[0], ends[1]) + min(ends[2], ends[3]), max(ends[0], ends[1]) + max(ends[2], ends[3])
        level = 1 + max(first[LEVEL], second[LEVEL])
        terms[a] = np.array([source + n, first[SHIFT], sign, low, high, level])
        filled += 1 << level
        left -= 1
        terms[b] = terms[left]
        if a == left:
            a = b
    return adders


@njit(cache=True)
def _narrowest(terms, left, filled, room):
    """The two terms, the lower one first, whose sum is narrowest; of those, the one with the fewest adder bits."""
    best, a, b = np.int64(1) << 62, 0, 0
    for i in range(left):
        for k in range(left):
            distance = terms[k, SHIFT] - terms[i, SHIFT]
            if distance < 0 or (distance == 0 and k <= i):
                continue
            level = 1 + max(terms[i, LEVEL], terms[k, LEVEL])
            if filled + (1 << level) - (1 << terms[i, LEVEL]) - (1 << terms[k, LEVEL]) > room:
                continue
            low, high = terms[k, LOW] << distance, terms[k, HIGH] << distance
            if terms[i, SIGN] != terms[k, SIGN]:
                low, high = -high, -low
            width = width_of(terms[i, LOW] + low, terms[i, HIGH] + high)
            rank = (128 * width - distance) * 64 + level
            if rank < best:
                best, a, b = rank, i, k
    return a, b
