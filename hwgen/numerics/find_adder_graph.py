# SPDX-License-Identifier: Apache-2.0
"""A small adder graph for a constant matrix."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from hwgen.errors import InternalError
from hwgen.numerics.adder_graph import NOTHING, Adder, AdderGraph, Tap
from hwgen.numerics.range import IntRange
from hwgen.numerics.share_digits import Digits, share_digits
from hwgen.numerics.sum_terms import sum_terms


def find_adder_graph(w: np.ndarray, x: Sequence[IntRange], slack: int = 0) -> AdderGraph:
    """Adders that compute ``y = w x``: w integers (outputs, inputs) of at most 28 bits, x the range of each input.

    Depth: at most `slack` adders more than the longest output needs (see `least_depth`). The same graph for the same
    arguments. Raises InternalError if the adders do not make up w, so a graph that is returned is proven.
    """
    w = np.ascontiguousarray(w, dtype=np.int64)
    return _find(w.shape, w.tobytes(), tuple(x), slack)


@lru_cache(maxsize=64)
def _find(shape: tuple[int, int], data: bytes, x: tuple[IntRange, ...], slack: int) -> AdderGraph:
    w = np.frombuffer(data, dtype=np.int64).reshape(shape)
    plus, minus = signed_digit_masks(w)
    depth = least_depth(w) + slack
    low, high = (np.array(ends, dtype=np.int64) for ends in zip(*((r.lo, r.hi) for r in x), strict=True))
    room = np.where(_subtracts_all(plus, minus), 1 << depth >> 1, 1 << depth)
    state, sources = share_digits(plus.T, minus.T, low, high, room)
    inputs = shape[1]
    adders = [_pair(row) for row in state.pairs[inputs:sources].tolist()]
    outputs = []
    for output in range(shape[0]):
        tree, tap = sum_terms(_terms(state, sources, output), inputs + len(adders), depth)
        adders += [Adder(*row) for row in tree.tolist()]
        outputs.append(Tap(*tap))
    graph = without_repetitions(AdderGraph(inputs, tuple(adders), tuple(outputs)))
    if not np.array_equal(graph.matrix(), w):
        raise InternalError("the adders found for a constant matrix do not make it up")
    return graph


def least_depth(w: np.ndarray) -> int:
    """Adders on the longest way that the row with the most signed digits needs; one more where all are subtracted."""
    plus, minus = signed_digit_masks(w)
    digits = np.bitwise_count(plus | minus).sum(axis=1)
    depths = [(max(1, int(n)) - 1).bit_length() for n in digits]
    return int(max(depth + alone for depth, alone in zip(depths, _subtracts_all(plus, minus), strict=True)))


def _subtracts_all(plus: np.ndarray, minus: np.ndarray) -> np.ndarray:
    """Per row, whether it has digits and none of them is positive."""
    return np.asarray(minus.any(axis=1) & ~plus.any(axis=1))


def signed_digit_masks(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the digits 1 and of the digits -1 of each weight, no two of them neighbours, as bit masks."""
    rest, plus, minus = np.array(w, dtype=np.int64), np.zeros(w.shape, np.int64), np.zeros(w.shape, np.int64)
    position = 0
    while rest.any():
        digit = np.where(rest & 1, 2 - (rest & 3), 0)
        plus |= (digit > 0).astype(np.int64) << position
        minus |= (digit < 0).astype(np.int64) << position
        rest = (rest - digit) >> 1
        position += 1
    return plus, minus


def _pair(row: list[int]) -> Adder:
    a, b, distance, subtract = row
    return Adder(a, b, distance, 1, -1 if subtract else 1)


def _terms(state: Digits, sources: int, output: int) -> np.ndarray:
    """What is left of an output, as the table that `sum_terms` takes."""
    rows = []
    for source in np.flatnonzero(state.plus[:sources, output] | state.minus[:sources, output]).tolist():
        for sign, masks in ((1, state.plus), (-1, state.minus)):
            mask = int(masks[source, output])
            known = (int(state.low[source]), int(state.high[source]), int(state.level[source]))
            rows += [(source, shift, sign, *known) for shift in range(mask.bit_length()) if mask >> shift & 1]
    return np.array(rows, dtype=np.int64).reshape(-1, 6)


def without_repetitions(graph: AdderGraph) -> AdderGraph:
    """The same outputs from each different adder once, and from none that nothing reads."""
    number = {k: k for k in (NOTHING, *range(graph.inputs))}
    first: dict[Adder, int] = {}
    for k, adder in enumerate(graph.adders, graph.inputs):
        known = adder._replace(low=number[adder.low], high=number[adder.high])
        number[k] = first.setdefault(known, k)
    read = {number[tap.source] for tap in graph.outputs}
    for adder, k in reversed(first.items()):
        if k in read:
            read |= {adder.low, adder.high}
    kept = {k: adder for adder, k in first.items() if k in read}
    place = {k: k for k in (NOTHING, *range(graph.inputs))} | {k: n for n, k in enumerate(kept, graph.inputs)}
    adders = tuple(a._replace(low=place[a.low], high=place[a.high]) for a in kept.values())
    return AdderGraph(graph.inputs, adders, tuple(Tap(place[number[t.source]], t.shift) for t in graph.outputs))
