# SPDX-License-Identifier: Apache-2.0
"""Sums of two terms that many outputs need, found greedily and computed once.

The terms of an output are the signed digits of its weights: a source, shifted, added or subtracted. A *pair* is
``a + (b << distance)`` or ``a - (b << distance)``. The pair that saves most is made a source of its own, everywhere;
then the next. Counts of a pair only ever fall, so a heap of what they once were finds the best one without keeping all
of them up to date. The idea is that of Hartley (1996); depth is bounded because the sum of ``2**level`` over the terms
of an output never exceeds ``2**depth`` (Kraft): then the rest can always be added up in time.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple

import numpy as np
from numba import njit


class Digits(NamedTuple):
    """The state of the search; grows by one source a step.

    plus, minus: (sources, outputs) bit masks of the positions at which an output adds or subtracts a source.
    level, low, high: (sources,) adders on the way and exact range. weights: (sources, inputs).
    pairs: (sources, 4) the pair (a, b, distance, whether subtracted) of each new source.
    filled: (outputs,) the Kraft sums. present: (outputs, most terms) sources of an output; count: how many.
    votes, touched: scratch for the counting of pairs.
    """

    plus: np.ndarray
    minus: np.ndarray
    level: np.ndarray
    low: np.ndarray
    high: np.ndarray
    weights: np.ndarray
    pairs: np.ndarray
    filled: np.ndarray
    present: np.ndarray
    count: np.ndarray  # type: ignore[assignment]  # tuples have a method of this name
    votes: np.ndarray
    touched: np.ndarray


def share_digits(plus: np.ndarray, minus: np.ndarray, low: np.ndarray, high: np.ndarray, room: np.ndarray) -> tuple:
    """(state, sources): the digits (inputs, outputs) with shared pairs pulled out until no pair occurs twice.

    low, high: ranges of the inputs. room: (outputs,) the largest Kraft sum of each output.
    """
    inputs, outputs = plus.shape
    digits = sum(_ones(plus[k]) + _ones(minus[k]) for k in range(inputs))
    sources, span = inputs + int(digits.sum()) // 2 + 1, 2 * int((plus | minus).max(initial=1)).bit_length()
    state = Digits(
        np.zeros((sources, outputs), np.int64),
        np.zeros((sources, outputs), np.int64),
        np.zeros(sources, np.int64),
        np.zeros(sources, np.int64),
        np.zeros(sources, np.int64),
        np.zeros((sources, inputs), np.int32),
        np.zeros((sources, 4), np.int64),
        digits.astype(np.int64),
        np.zeros((outputs, int(digits.max(initial=0)) + 2), np.int32),
        np.zeros(outputs, np.int64),
        np.zeros((sources, 2 * span), np.int32),
        np.zeros(sources * 2 * span, np.int64),
    )
    state.plus[:inputs], state.minus[:inputs] = plus, minus
    state.low[:inputs], state.high[:inputs] = low, high
    state.weights[:inputs] = np.eye(inputs, dtype=np.int32)
    return state, _share(state, inputs, room)


def _ones(masks: np.ndarray) -> np.ndarray:
    return np.bitwise_count(masks).astype(np.int64)


@njit(cache=True)
def width_of(low, high):
    """Bits of the range [low, high]."""
    most, bits = (max(-low - 1, high), 1) if low < 0 else (high, 0)
    while most > 0:
        most >>= 1
        bits += 1
    return bits


@njit(cache=True)
def _share(state, inputs, room):
    heap = [(np.int64(0), np.int64(0))]
    heap.pop()
    touched_by = np.zeros(len(state.count), np.int64)
    positions = np.zeros(64, np.int64)
    sources = 0
    while sources < inputs:
        _offer(state, sources, _join(state, sources, touched_by), touched_by, heap)
        sources += 1
    while len(heap) > 0:
        rank, pair = heapq.heappop(heap)
        a, b, distance, subtract = _unpack(state, pair)
        occurs = 0
        for output in range(len(state.count)):
            occurs += _find(state, output, a, b, distance, subtract, room[output], positions)
        now = _rank(state, occurs, a, b, distance, subtract)
        if occurs < 2:
            continue
        if now > rank:
            heapq.heappush(heap, (now, pair))
            continue
        _define(state, sources, a, b, distance, subtract)
        for output in range(len(state.count)):
            found = _find(state, output, a, b, distance, subtract, room[output], positions)
            _replace(state, sources, output, a, b, distance, positions[:found])
        _offer(state, sources, _join(state, sources, touched_by), touched_by, heap)
        sources += 1
    return sources


@njit(cache=True)
def _unpack(state, pair):
    span = state.votes.shape[1]
    a, rest = divmod(pair, len(state.level) * span)
    b, way = divmod(rest, span)
    return a, b, way >> 1, way & 1


@njit(cache=True)
def _rank(state, occurs, a, b, distance, subtract):
    """Smaller is better: many occurrences of pairs whose bits overlap, narrow sums, young sources."""
    add_low, add_high = state.low[b] << distance, state.high[b] << distance
    low, high = state.low[a] + add_low, state.high[a] + add_high
    if subtract:
        low, high = state.low[a] - add_high, state.high[a] - add_low
    own, other = width_of(state.low[a], state.high[a]), width_of(state.low[b], state.high[b])
    overlap = max(0, min(own, other + distance) - distance)
    return 64 * width_of(low, high) - 4096 * (occurs - 1) * (overlap + 4) - max(a, b)


@njit(cache=True)
def _join(state, source, outputs):
    """Enters a new source into the lists of its outputs; writes these into `outputs` and returns how many they are."""
    found = 0
    for output in range(len(state.count)):
        if state.plus[source, output] | state.minus[source, output]:
            outputs[found] = output
            found += 1
            kept = 0
            for k in range(state.count[output]):
                other = state.present[output, k]
                if state.plus[other, output] | state.minus[other, output]:
                    state.present[output, kept] = other
                    kept += 1
            state.present[output, kept] = source
            state.count[output] = kept + 1
    return found


@njit(cache=True)
def _offer(state, source, found, outputs, heap):
    """Puts every pair of a new source and one before it (or itself) that occurs twice on the heap."""
    span, touched = state.votes.shape[1], 0
    for k in range(found):
        for n in range(state.count[outputs[k]]):
            touched = _vote(state, source, state.present[outputs[k], n], outputs[k], touched)
    for k in range(touched):
        other, way = divmod(state.touched[k], span)
        occurs = state.votes[other, way]
        state.votes[other, way] = 0
        distance, subtract = (way >> 1) - span // 4, way & 1
        a, b = (source, other) if distance > 0 else (other, source)
        if occurs > 1:
            rank = _rank(state, occurs, a, b, abs(distance), subtract)
            heapq.heappush(heap, (rank, (a * len(state.level) + b) * span + 2 * abs(distance) + subtract))


@njit(cache=True)
def _vote(state, source, other, output, touched):
    """Counts the pairs of `source` and `other` in one output; returns the new length of the list of counted pairs."""
    span = state.votes.shape[1]
    mine, s = state.plus[source, output] | state.minus[source, output], 0
    while mine >> s:
        theirs, t = (state.plus[other, output] | state.minus[other, output]) * ((mine >> s) & 1), 0
        while theirs >> t:
            if (theirs >> t) & 1 and (other != source or t > s):
                subtract = ((state.minus[source, output] >> s) ^ (state.minus[other, output] >> t)) & 1
                way = 2 * (t - s + span // 4) + subtract
                if state.votes[other, way] == 0:
                    state.touched[touched] = other * span + way
                    touched += 1
                state.votes[other, way] += 1
            t += 1
        s += 1
    return touched


@njit(cache=True)
def _find(state, output, a, b, distance, subtract, room, positions):
    """Writes the positions of a pair in one output into `positions`; returns how many there are."""
    plus, minus = state.plus[b, output] >> distance, state.minus[b, output] >> distance
    if subtract:
        plus, minus = minus, plus
    matches = (state.plus[a, output] & plus) | (state.minus[a, output] & minus)
    found, position, filled = 0, 0, state.filled[output]
    grows = (2 << max(state.level[a], state.level[b])) - (1 << state.level[a]) - (1 << state.level[b])
    while matches:
        if matches & 1 and filled + grows <= room:
            positions[found] = position
            found += 1
            filled += grows
            if a == b:  # the digit above is taken
                matches &= ~(np.int64(1) << distance)
        matches >>= 1
        position += 1
    return found


@njit(cache=True)
def _define(state, source, a, b, distance, subtract):
    """Writes down what the new source is."""
    state.pairs[source, 0], state.pairs[source, 1] = a, b
    state.pairs[source, 2], state.pairs[source, 3] = distance, subtract
    state.level[source] = 1 + max(state.level[a], state.level[b])
    inputs = state.weights.shape[1]
    for k in range(inputs):
        weight = np.int64(state.weights[a, k]) + ((1 - 2 * subtract) * np.int64(state.weights[b, k]) << distance)
        state.weights[source, k] = weight
        state.low[source] += weight * (state.low[k] if weight > 0 else state.high[k])
        state.high[source] += weight * (state.high[k] if weight > 0 else state.low[k])


@njit(cache=True)
def _replace(state, source, output, a, b, distance, positions):
    """Puts the new source in the place of its pair at all `positions` of one output."""
    for position in positions:
        bit = np.int64(1) << position
        upper = bit << distance
        if state.plus[a, output] & bit:
            state.plus[source, output] |= bit
        else:
            state.minus[source, output] |= bit
        state.plus[a, output] &= ~bit
        state.minus[a, output] &= ~bit
        state.plus[b, output] &= ~upper
        state.minus[b, output] &= ~upper
        level = (1 << state.level[source]) - (1 << state.level[a]) - (1 << state.level[b])
        state.filled[output] += level
