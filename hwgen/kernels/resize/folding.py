# SPDX-License-Identifier: Apache-2.0
"""Foldings of Interpolate: a buffer of a few source rows, and how many of the taps are read at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule, Wait
from hwgen.kernels.base import Folding, MemoryImage, UnitSpec, lane_counts
from hwgen.kernels.resize.axis import Axis, axes_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

MOST_LANES = 256
WRITTEN_DELAY = 3
"""From the event that takes the last beat of a row to the first that may read it."""
RELEASED_DELAY = 3
"""From the last event that reads a row to the first that may take a beat into its place."""
READ_LATENCY = 5
"""From an event to its word: positions from their tables 2, address 1, memory with output register 2."""


@dataclass(frozen=True)
class RowsFolding(Folding):
    """Keeps `rows` source rows and reads each tap of each result from them.

    row_banks, column_banks: taps along that axis that are read in one cycle, each from a memory of its own; the others
    follow one cycle after the other. multiplier: what multiplies by weights, "dsp" or "logic".
    """

    form: ClassVar[str] = "rows"
    row_banks: int
    column_banks: int
    rows: int
    multiplier: str

    @classmethod
    def of(cls, lanes: int, row_banks: int, column_banks: int, rows: int, multiplier: str) -> RowsFolding:
        return cls((lanes,), lanes, row_banks, column_banks, rows, multiplier)


@dataclass(frozen=True)
class AxisSpec:
    """What the hardware knows of one axis; positions and weights are in the tables."""

    sources: int
    results: int
    taps: int
    banks: int
    denominator: int

    @property
    def turns(self) -> int:
        """Cycles that the taps of one result take."""
        return self.taps // self.banks

    @property
    def weight_bits(self) -> int:
        return self.denominator.bit_length()


@dataclass(frozen=True)
class RowsSpec(UnitSpec):
    """What the hardware depends on.

    beats: beats of one pixel; held: source rows in the buffer; first_row: the source row that the first result needs.
    """

    lanes: int
    beats: int
    rows: AxisSpec
    columns: AxisSpec
    held: int
    first_row: int
    x: IntRange
    multiplier: str

    @property
    def between(self) -> IntRange:
        """Range of the sums along columns."""
        return scaled(self.x, self.columns.denominator if self.columns.taps == 2 else 1)

    @property
    def scale(self) -> int:
        """The denominators of axes without weights: the result is multiplied by them at the end."""
        return (self.rows.denominator if self.rows.taps == 1 else 1) * (
            self.columns.denominator if self.columns.taps == 1 else 1
        )

    @property
    def unscaled(self) -> IntRange:
        """Range of the sums before they are scaled."""
        return scaled(self.between, self.rows.denominator if self.rows.taps == 2 else 1)

    @property
    def out(self) -> IntRange:
        return scaled(self.x, self.rows.denominator * self.columns.denominator)

    @property
    def row_events(self) -> int:
        """Events of the reader for one row of results."""
        return self.columns.results * self.beats * self.rows.turns * self.columns.turns

    def bank_columns(self, bank: int) -> int:
        """Source columns in one bank."""
        return len(range(bank, self.columns.sources, self.columns.banks))

    def bank_words(self, bank: int) -> int:
        """Words of one source row in one bank."""
        return self.bank_columns(bank) * self.beats

    def bank_depth(self, bank: int) -> int:
        return self.bank_words(bank) * self.held // self.rows.banks


def scaled(values: IntRange, factor: int) -> IntRange:
    return IntRange(values.lo * factor, values.hi * factor)


def signed_bits(values: IntRange) -> int:
    """Bits of the two's complement word that holds `values`, also where they are never negative."""
    return IntRange(min(values.lo, -1), values.hi).width


def foldings(node: Node, target: Target) -> tuple[RowsFolding, ...]:
    """All lanes of the channels, all ways to read the taps, one or two spare rows."""
    rows, columns = axes_of(node)
    weighted = rows.taps * columns.taps > 1
    found = []
    for lanes, row_banks, column_banks, spare, multiplier in product(
        lane_counts(node.src[0].type.shape[1], MOST_LANES),
        lane_counts(rows.taps),
        lane_counts(columns.taps),
        (1, 2),
        ("logic", "dsp") if weighted else ("logic",),
    ):
        if (rows.taps + spare) % row_banks == 0:
            found.append(RowsFolding.of(lanes, row_banks, column_banks, rows.taps + spare, multiplier))
    return tuple(found)


def factor_bits(values: IntRange, axis: AxisSpec) -> int:
    """Bits of what is multiplied by a weight: a value, or the difference of two."""
    return signed_bits(values) + (axis.banks == 2)


def orders(node: Node, folding: RowsFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Channels-last, in and out."""
    return (Order.channels_last(node.src[0].type.shape),), Order.channels_last(node.type.shape)


def spec(node: Node, folding: RowsFolding) -> RowsSpec:
    rows, columns = axes_of(node)
    return RowsSpec(
        lanes=folding.lanes_out,
        beats=node.src[0].type.shape[1] // folding.lanes_out,
        rows=_axis_spec(rows, folding.row_banks),
        columns=_axis_spec(columns, folding.column_banks),
        held=folding.rows,
        first_row=rows.first[0],
        x=node.src[0].type.range,
        multiplier=folding.multiplier,
    )


def _axis_spec(axis: Axis, banks: int) -> AxisSpec:
    return AxisSpec(axis.extent, len(axis.first), axis.taps, banks, axis.denominator)


def weigh_latency(s: RowsSpec, axis: AxisSpec, values: IntRange) -> int:
    """Cycles of a product of what comes in with a weight."""
    if s.multiplier == "dsp":
        return costs.wide_multiplier_latency(factor_bits(values, axis), axis.weight_bits + 1)
    return costs.fabric_multiplier_latency(axis.weight_bits + 1)


def blend_latency(s: RowsSpec, axis: AxisSpec, values: IntRange) -> int:
    """Both taps at once: difference, product (beside it the whole), sum. One after the other: product, accumulator."""
    if axis.taps == 1:
        return 0
    if axis.banks == 1:
        return weigh_latency(s, axis, values) + 1
    return max(1 + weigh_latency(s, axis, values), costs.constant_multiplier_latency(axis.denominator)) + 1


def latency(s: RowsSpec) -> int:
    """From the event that gives a result to the result."""
    scale = costs.constant_multiplier_latency(s.scale) if s.scale > 1 else 0
    return READ_LATENCY + blend_latency(s, s.columns, s.x) + blend_latency(s, s.rows, s.between) + scale


def schedule(node: Node, folding: RowsFolding) -> Schedule:
    """The writer takes a beat a cycle as long as there is room for its row; the reader waits for whole rows."""
    s = spec(node, folding)
    rows, _ = axes_of(node)
    row_beats = s.columns.sources * s.beats
    writes, reads = s.rows.sources * row_beats, s.rows.results * s.row_events
    last_write = np.array([(rows.needed(p) + 1) * row_beats - 1 for p in range(s.rows.results)])
    last_read = np.array([(rows.released_by(r - s.held) + 1) * s.row_events - 1 for r in range(s.rows.sources)])
    ones = np.ones(writes, np.int64), np.ones(reads, np.int64)
    gives = np.arange(reads) % (s.rows.turns * s.columns.turns) == s.rows.turns * s.columns.turns - 1
    released = Wait(1, np.repeat(last_read, row_beats), RELEASED_DELAY)
    written = Wait(0, np.repeat(last_write, s.row_events), WRITTEN_DELAY)
    writer = Process(ones[0], (np.ones(writes, bool),), np.zeros(writes, bool), (released,))
    return Schedule(latency(s), (writer, Process(ones[1], (), gives, (written,))))


def cycles(node: Node, folding: RowsFolding) -> int:
    """Cycles from frame to frame, the waits for whole rows included."""
    s = spec(node, folding)
    rows, _ = axes_of(node)
    return _pace(rows, s.columns.sources * s.beats, s.row_events, s.held)


@cache
def _pace(rows: Axis, row_beats: int, row_events: int, held: int, settle: int = 3, measure: int = 2) -> int:
    """Steady cycles a frame of the schedule, from the ends of its rows alone: within a row nothing waits."""
    results, sources = len(rows.first), rows.extent
    written: list[int] = []
    read: list[int] = []
    for frame, p in product(range(settle + measure), range(results)):
        needed = frame * sources + rows.needed(p)
        while len(written) <= needed:
            _end_row(written, row_beats, read, rows.released_by(len(written) - held), RELEASED_DELAY)
        _end_row(read, row_events, written, needed, WRITTEN_DELAY)
    return -(-(read[-1] - read[settle * results - 1]) // measure)


def _end_row(ends: list[int], events: int, others: list[int], after: int, delay: int) -> None:
    """Appends the cycle of the last of `events` events, which wait for the end of row `after` of the other process."""
    start = ends[-1] + 1 if ends else 0
    if after >= 0:
        start = max(start, others[after] + delay)
    ends.append(start + events - 1)


def row_fields(s: RowsSpec) -> tuple[tuple[str, int], ...]:
    """(name, bits) of the table of result rows, low bits first."""
    weights = (("near", s.rows.weight_bits), ("far", s.rows.weight_bits)) if s.rows.taps == 2 else ()
    return ("advance", s.rows.sources.bit_length()), ("advance_slot", max(1, (s.held - 1).bit_length())), *weights


def column_fields(s: RowsSpec) -> tuple[tuple[str, int], ...]:
    """(name, bits) of the table of result columns, low bits first; with two banks the weight of the odd column."""
    places = [(f"place_{b}", max(1, (s.bank_words(b) - 1).bit_length())) for b in range(s.columns.banks)]
    if s.columns.taps == 1:
        return tuple(places)
    names = ("odd",) if s.columns.banks == 2 else ("near", "far")
    return (*places, *((name, s.columns.weight_bits) for name in names))


def row_table(node: Node, s: RowsSpec) -> list[dict[str, int]]:
    """Per result row: by how many source rows to go on, in rows and in places of the buffer, and the weights."""
    rows, _ = axes_of(node)
    return [
        {"advance": rows.advance(p), "advance_slot": rows.advance(p) % s.held, "near": rows.near[p], "far": rows.far[p]}
        for p in range(len(rows.first))
    ]


def column_table(node: Node, s: RowsSpec) -> list[dict[str, int]]:
    """Per result column: word of its source columns inside a row of each bank, and the weights."""
    _, columns = axes_of(node)
    table = []
    for first, near, far in zip(columns.first, columns.near, columns.far, strict=True):
        if s.columns.banks == 2:
            entry = {"place_0": (first + 1) // 2 * s.beats, "place_1": first // 2 * s.beats}
        else:
            entry = {"place_0": first * s.beats}
        table.append(entry | {"near": near, "far": far, "odd": near if first % 2 else far})
    return table


def packed(table: list[dict[str, int]], fields: tuple[tuple[str, int], ...]) -> MemoryImage:
    """The words of a table, its first field in the low bits."""
    words = []
    for entry in table:
        word, low = 0, 0
        for name, bits in fields:
            word |= entry[name] << low
            low += bits
        words.append(word)
    return MemoryImage(np.array(words, dtype=np.int64)[:, np.newaxis], sum(bits for _, bits in fields))
