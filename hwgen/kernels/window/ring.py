# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of the circular buffer behind a window whose taps leave one after the other.

Beats of all frames are numbered through, in the order in which they arrive. Beat n lies in word n mod `depth`. Tap
after tap, the reader walks through these numbers with a constant step per loop that turns, also where the number lies
in the padding and is never read. The oldest beat that is still wanted moves on at the end of a window position, again
with a constant step per loop. So hardware keeps a distance in a counter, and never multiplies.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from hwgen.ir.schedule import NEVER
from hwgen.kernels.window.geometry import OUTSIDE, Geometry
from hwgen.kernels.window.ring_timing import depth_without_waits, frame_period
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Loop:
    """A loop of the reader: its turns, and what a turn adds to the beat number, the row and the column."""

    extent: int
    beats: int
    rows: int = 0
    columns: int = 0


@dataclass(frozen=True)
class Freeing:
    """How the number of the oldest wanted beat moves on.

    base: the number at the first position of frame 0. column, row, frame: what is added at the end of a position, of a
    row of positions and of a frame. rows: the rows of positions (from, up to and without) at whose end `row` is added.
    columns: positions of a row (same form) at whose end `column` is added, in these rows and in the one behind them.
    """

    base: int
    column: int
    row: int
    frame: int
    rows: tuple[int, int]
    columns: tuple[int, int]


@dataclass(frozen=True)
class Ring:
    """The buffer of one window, without its depth.

    blocks: beats a pixel. block_major: all taps of a channel block before the next block; else all blocks of a tap
    before the next tap.
    """

    geometry: Geometry
    blocks: int
    block_major: bool

    @property
    def frame_beats(self) -> int:
        return self.geometry.rows.size * self.row_beats

    @property
    def row_beats(self) -> int:
        return self.geometry.columns.size * self.blocks

    @property
    def position_events(self) -> int:
        return self.geometry.taps * self.blocks

    @property
    def frame_events(self) -> int:
        return self.geometry.positions * self.position_events

    @cached_property
    def loops(self) -> tuple[Loop, ...]:
        """Rows of positions, positions, and the three loops inside of a position, the slowest first."""
        rows, columns = self.geometry.rows, self.geometry.columns
        block = Loop(self.blocks, 1)
        taps = (
            Loop(rows.taps, rows.dilation * self.row_beats, rows=rows.dilation),
            Loop(columns.taps, columns.dilation * self.blocks, columns=columns.dilation),
        )
        return (
            Loop(rows.positions, rows.stride * self.row_beats, rows=rows.stride),
            Loop(columns.positions, columns.stride * self.blocks, columns=columns.stride),
            *((block, *taps) if self.block_major else (*taps, block)),
        )

    def steps(self, field: str) -> tuple[int, ...]:
        """What the turn of each loop adds to `field` of the reader, and last what the turn of a frame adds."""
        turned_back, steps = 0, []
        for loop in self.loops[::-1]:
            steps.append(getattr(loop, field) - turned_back)
            turned_back += (loop.extent - 1) * getattr(loop, field)
        return (*steps[::-1], (self.frame_beats if field == "beats" else 0) - turned_back)

    def walk(self, field: str) -> np.ndarray:
        """`field` of the reader at each event of a frame, from 0; shape (frame_events,)."""
        total = np.zeros(1, dtype=np.int64)
        for loop in self.loops:
            total = (total[:, np.newaxis] + np.arange(loop.extent) * getattr(loop, field)).ravel()
        return total

    @property
    def start(self) -> int:
        """Beat number of the first tap of frame 0; negative where it lies in the padding above."""
        return -self.geometry.rows.begin * self.row_beats - self.geometry.columns.begin * self.blocks

    @property
    def inside(self) -> np.ndarray:
        """Whether each event of a frame reads a beat (and not the padding)."""
        rows, columns = self.geometry.rows, self.geometry.columns
        row, column = self.walk("rows") - rows.begin, self.walk("columns") - columns.begin
        return (row >= 0) & (row < rows.size) & (column >= 0) & (column < columns.size)

    @cached_property
    def freeing(self) -> Freeing:
        plain = self._plain_freeing()
        return plain if min(plain.column, plain.row, plain.frame) >= 0 else self._clamped_freeing()

    def _plain_freeing(self) -> Freeing:
        """The oldest wanted beat is the first tap of the position."""
        rows, columns = self.geometry.rows, self.geometry.columns
        turned_rows = (rows.positions - 1) * rows.stride * self.row_beats
        turned_columns = (columns.positions - 1) * columns.stride * self.blocks
        return Freeing(
            self.start,
            columns.stride * self.blocks,
            rows.stride * self.row_beats - turned_columns if rows.positions > 1 else 0,
            self.frame_beats - turned_rows - turned_columns,
            (0, rows.positions - 1),
            (0, columns.positions - 1),
        )

    def _clamped_freeing(self) -> Freeing:
        """For a padding wider than the window: the first tap of a position would run into the next row or frame."""
        rows, columns = self.geometry.rows, self.geometry.columns
        first_row = min(max(rows.begin, 0) // rows.stride, rows.positions - 1)
        first_column = min(max(columns.begin, 0) // columns.stride, columns.positions - 1)
        base = (first_row * rows.stride - rows.begin) * self.row_beats
        base += (first_column * columns.stride - columns.begin) * self.blocks
        most = min(rows.stride * columns.size, columns.size + min(columns.begin, 0))
        last_column = first_column + max(0, min(most // columns.stride, columns.positions - 1 - first_column))
        turned = (last_column - first_column) * columns.stride * self.blocks
        row_step = rows.stride * self.row_beats
        last_row = first_row + max(0, min((self.frame_beats - turned) // row_step, rows.positions - 1 - first_row))
        return Freeing(
            base,
            columns.stride * self.blocks,
            row_step - turned,
            self.frame_beats - (last_row - first_row) * row_step - turned,
            (first_row, last_row),
            (first_column, last_column),
        )

    @cached_property
    def oldest(self) -> np.ndarray:
        """The oldest wanted beat at each position of frame 0, nothing but what `freeing` says; shape (positions,)."""
        rows, columns = self.geometry.rows.positions, self.geometry.columns.positions
        free = self.freeing
        row, column = np.arange(rows)[:, np.newaxis], np.arange(columns)
        added = np.zeros((rows, columns), dtype=np.int64)
        in_rows = (row >= free.rows[0]) & (row <= free.rows[1])
        added[:, :] = free.column * (in_rows & (column >= free.columns[0]) & (column < free.columns[1]))
        at_end = (row[:, 0] >= free.rows[0]) & (row[:, 0] < free.rows[1])
        added[:, -1] = free.row * at_end
        return free.base + np.cumsum(np.concatenate([[0], added.ravel()[:-1]]))

    @cached_property
    def newest(self) -> np.ndarray:
        """The newest beat that each position or one before it in the frame reads, or OUTSIDE; shape (positions,)."""
        row, column = self.geometry.rows.last_inside[:, np.newaxis], self.geometry.columns.last_inside
        beat = (row * self.geometry.columns.size + column + 1) * self.blocks - 1
        return np.maximum.accumulate(np.where((row >= 0) & (column >= 0), beat, OUTSIDE).ravel())

    def over_frames(self, numbers: np.ndarray, frames: range) -> np.ndarray:
        """Beat numbers of one frame as those of several frames."""
        offsets = np.array(frames)[:, np.newaxis] * self.frame_beats
        return (np.where(numbers == OUTSIDE, OUTSIDE, numbers + offsets)).ravel()

    @property
    def least_depth(self) -> int:
        """Words with which the buffer works: every position fits in, and a frame can be written without the next."""
        return max(2, int((self.newest + 1 - self.oldest).max()), -self.freeing.base)

    @cached_property
    def frame_depth(self) -> int:
        """The least number of words with which the slower of writer and reader never waits within a frame."""
        return max(self.least_depth, depth_without_waits(self, range(1)))

    @cached_property
    def depth(self) -> int:
        """The least number of words with which the slower of writer and reader never waits for the other one."""
        return max(self.least_depth, depth_without_waits(self, range(-1, 3)))

    def freed_by(self, depth: int) -> np.ndarray:
        """Event of the reader that makes room for each beat of a frame; shape (frame_beats,)."""
        frame, rest = np.divmod(np.arange(self.frame_beats) - depth - self.freeing.base, self.frame_beats)
        position = np.searchsorted(self.oldest - self.freeing.base, rest, side="right")
        return (frame * self.geometry.positions + position) * self.position_events - 1

    @property
    def read(self) -> np.ndarray:
        """Beat that each event of a frame reads, or NEVER in the padding; shape (frame_events,)."""
        return np.where(self.inside, self.start + self.walk("beats"), NEVER)

    @cached_property
    def waits(self) -> tuple[np.ndarray, np.ndarray]:
        """The events of a frame that wait for a later beat than all events before them, and these beats."""
        read = self.read
        longest = np.maximum.accumulate(read)
        later = np.diff(longest, prepend=NEVER) > 0
        return np.flatnonzero(later), read[later]

    def cycles(self, depth: int) -> int:
        """Cycles from frame to frame, when neither side waits for anything but the other."""
        if depth >= self.depth:
            return max(self.frame_beats, self.frame_events)
        return frame_period(self, depth)

    def lead_range(self, depth: int) -> IntRange:
        """Of the number of beats written beyond the one that the reader stands at, less 1."""
        first_tap = self.start + self._positions_from_start
        span = (self.geometry.rows.span - 1) * self.row_beats + self.geometry.columns.span * self.blocks
        low = self._written - self.over_frames(first_tap, range(2)) - span
        high = self.oldest + depth - first_tap
        return IntRange(min(int(low.min()), -1), max(int(high.max()), 0))

    def room_range(self, depth: int) -> IntRange:
        """Of the number of beats that may be written before more is freed, less 1."""
        high = self.over_frames(self.oldest, range(2)) + depth - self._written
        return IntRange(-1, int(high.max()))

    @property
    def _positions_from_start(self) -> np.ndarray:
        rows, columns = self.loops[:2]
        return (np.arange(rows.extent)[:, np.newaxis] * rows.beats + np.arange(columns.extent) * columns.beats).ravel()

    @property
    def _written(self) -> np.ndarray:
        """Beats written at least when the reader enters each position of two frames from reset on."""
        newest = np.maximum.accumulate(self.over_frames(self.newest, range(2)))
        return np.maximum(np.concatenate([[OUTSIDE], newest[:-1]]) + 1, 0)


@lru_cache(maxsize=256)
def ring_of(geometry: Geometry, blocks: int, block_major: bool) -> Ring:
    """The ring of these parameters; it keeps what it has computed."""
    return Ring(geometry, blocks, block_major)
