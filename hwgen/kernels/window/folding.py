# SPDX-License-Identifier: Apache-2.0
"""Foldings of Window: tap after tap out of a circular buffer, or all taps in one beat out of a line buffer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from hwgen import costs
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule, Wait
from hwgen.kernels.base import Folding, UnitSpec, lane_counts
from hwgen.kernels.window.geometry import OUTSIDE, Geometry
from hwgen.kernels.window.op import Window
from hwgen.kernels.window.ring import Ring, ring_of
from hwgen.kernels.window.ring_timing import FREED_DELAY, WRITTEN_DELAY
from hwgen.kernels.window.scan import Scan
from hwgen.numerics.range import IntRange
from hwgen.targets import Family, Resources, Target

SERIAL_LATENCY = 2
"""Buffer with its output register."""
LINE_LATENCY = 3
"""Line buffer with its output register, and the registers of the window."""
WIDEST_BEAT = 1024
"""Elements in a beat of the parallel form, at most."""


@dataclass(frozen=True)
class SerialFolding(Folding):
    """One tap of `lanes` channels a beat.

    block_major: all taps of a channel block follow each other (for depthwise convolutions and pools); else all channels
    of a tap. depth: words of the circular buffer. Offered are the least that works, the least with which the slower
    side waits at most between frames, and the least with which it never waits.
    """

    form: ClassVar[str] = "serial"
    lanes: int
    block_major: bool
    depth: int

    @classmethod
    def of(cls, lanes: int, block_major: bool, depth: int) -> SerialFolding:
        return cls((lanes,), lanes, lanes, block_major, depth)


@dataclass(frozen=True)
class ParallelFolding(Folding):
    """All taps of `lanes` channels in one beat. A window of one tap has only this form."""

    form: ClassVar[str] = "parallel"
    lanes: int

    @classmethod
    def of(cls, lanes: int, taps: int) -> ParallelFolding:
        return cls((lanes,), lanes * taps, lanes)


@dataclass(frozen=True)
class SerialSpec(UnitSpec):
    """What the hardware of the serial form depends on; fill: the code of a place in the padding."""

    geometry: Geometry
    lanes: int
    block_major: bool
    depth: int
    x: IntRange
    out: IntRange
    fill: int

    @property
    def ring(self) -> Ring:
        return ring_of(self.geometry, self.geometry.channels // self.lanes, self.block_major)


@dataclass(frozen=True)
class ParallelSpec(UnitSpec):
    """What the hardware of the parallel form depends on; fill: the code of a place in the padding."""

    geometry: Geometry
    lanes: int
    x: IntRange
    out: IntRange
    fill: int

    @property
    def scan(self) -> Scan:
        return Scan(self.geometry, self.geometry.channels // self.lanes)

    @property
    def line_rows(self) -> int:
        """Rows before the newest one that the line buffer keeps."""
        return self.geometry.rows.span - 1

    @property
    def latency(self) -> int:
        return LINE_LATENCY if self.line_rows else 1


WindowFolding = SerialFolding | ParallelFolding
WindowSpec = SerialSpec | ParallelSpec


def foldings(node: Node, target: Target) -> tuple[WindowFolding, ...]:
    """Every lane count in every form; nothing for a window over more than two axes."""
    op: Window = node.op  # type: ignore[assignment]
    if len(op.kernel) > 2:
        return ()
    g = Geometry.of(node)
    found: list[WindowFolding] = []
    for lanes in lane_counts(g.channels):
        blocks = g.channels // lanes
        walked = Scan(g, blocks).extents
        # A word of the line buffer must be back before the walk comes to it again.
        apart = g.rows.span == 1 or walked[1] * walked[2] >= LINE_LATENCY
        if apart and lanes * g.taps <= WIDEST_BEAT:
            found.append(ParallelFolding.of(lanes, g.taps))
        if g.taps == 1 or ring_of(g, blocks, False).newest[-1] == OUTSIDE:
            continue
        for block_major in (False, True)[: 1 + (blocks > 1)]:
            ring, width = ring_of(g, blocks, block_major), lanes * node.src[0].type.range.width
            found += [SerialFolding.of(lanes, block_major, d) for d in _depths(ring, width, target.family)]
    return tuple(found)


def _depths(ring: Ring, width: int, family: Family) -> tuple[int, ...]:
    """The depths worth a folding: of those that cost the same memory only the fastest, as a power of two if it can be:
    its addresses wrap by themselves."""
    offered: dict[Resources, int] = {}
    for depth in (ring.least_depth, ring.frame_depth, ring.depth):
        power = 1 << (depth - 1).bit_length()
        price, of_power = (costs.memory(family, d, width, writable=True, output_register=True) for d in (depth, power))
        offered[price] = power if price == of_power else depth
    return tuple(offered.values())


def orders(node: Node, folding: WindowFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Channels last on the input; positions row-major on the output, each with its taps as the form says."""
    g = Geometry.of(node)
    taps, positions = g.taps, g.positions
    inner: tuple[tuple[int, int], ...]
    if isinstance(folding, SerialFolding) and not folding.block_major:
        inner = ((taps, positions), (g.channels, taps * positions))
    else:
        blocks = g.channels // folding.lanes
        inner = ((blocks, folding.lanes * taps * positions), (taps, positions), (folding.lanes, taps * positions))
    return (Order.channels_last(node.src[0].type.shape),), Order.of_loops((positions, 1), *inner)


def spec(node: Node, folding: WindowFolding) -> WindowSpec:
    op: Window = node.op  # type: ignore[assignment]
    g, ranges = Geometry.of(node), (node.src[0].type.range, node.type.range)
    if isinstance(folding, SerialFolding):
        return SerialSpec(g, folding.lanes, folding.block_major, folding.depth, *ranges, op.fill)
    return ParallelSpec(g, folding.lanes, *ranges, op.fill)


def schedule(node: Node, folding: WindowFolding) -> Schedule:
    s = spec(node, folding)
    if isinstance(s, SerialSpec):
        return _serial_schedule(s.ring, s.depth)
    return Schedule(s.latency, (Process.of_steps((s.scan.takes.ravel(),), s.scan.gives.ravel()),))


def _serial_schedule(ring: Ring, depth: int) -> Schedule:
    """A writer that waits for room, and a reader that waits for beats."""
    beats, events = ring.frame_beats, ring.frame_events
    writer = Process(
        np.ones(beats, np.int64),
        (np.ones(beats, bool),),
        np.zeros(beats, bool),
        (Wait(1, ring.freed_by(depth), FREED_DELAY),),
    )
    reads = (Wait(0, ring.read, WRITTEN_DELAY),)
    reader = Process(np.ones(events, np.int64), (), np.ones(events, bool), reads)
    return Schedule(SERIAL_LATENCY, (writer, reader))


def cycles(node: Node, folding: WindowFolding) -> int:
    """Beats in or beats out a frame, whichever are more, and what a small buffer adds; in the parallel form the steps
    of the walk."""
    s = spec(node, folding)
    if isinstance(s, SerialSpec):
        return s.ring.cycles(s.depth)
    return int(np.prod(s.scan.extents))


def area(node: Node, folding: WindowFolding, target: Target) -> Resources:
    s = spec(node, folding)
    return _serial_area(s, target.family) if isinstance(s, SerialSpec) else _parallel_area(s, target.family)


def _serial_area(s: SerialSpec, family: Family) -> Resources:
    """Buffer, the counters of the reader's loops, addresses, the two distances, and the padding."""
    ring, bits = s.ring, s.lanes * s.x.width
    total = costs.memory(family, s.depth, bits, writable=True, output_register=True) + costs.registers(bits)
    for loop in ring.loops:
        if loop.extent > 1:
            total += costs.counter(family, loop.extent)
    total += costs.counter(family, s.depth)
    lead, room, address = ring.lead_range(s.depth).width, ring.room_range(s.depth).width, (s.depth - 1).bit_length()
    for width in (lead, room, address):
        total += costs.adder(family, width) + costs.registers(2 * width) + costs.mux(family, 2, width)
    if s.depth & (s.depth - 1):
        total += costs.adder(family, address) + costs.mux(family, 2, address)
    if s.geometry.padded:
        total += Resources(luts=s.lanes * s.out.width)
        for axis in (s.geometry.rows, s.geometry.columns):
            coordinate = (axis.size + axis.span).bit_length() + 1
            total += costs.adder(family, coordinate) + costs.adder(family, coordinate) + costs.registers(coordinate)
    return total


def _parallel_area(s: ParallelSpec, family: Family) -> Resources:
    """Line buffer, the registers of the window, the counters of the walk, and the padding of a column."""
    rows, columns, scan = s.geometry.rows, s.geometry.columns, s.scan
    pixel = s.lanes * s.x.width
    column = rows.taps * s.lanes * s.out.width
    total = costs.registers(column * ((columns.span - 1) * scan.blocks + 1))
    if s.line_rows:
        depth = columns.size * scan.blocks
        total += costs.memory(family, depth, s.line_rows * pixel, writable=True, output_register=True)
        total += costs.registers(2 * pixel + 2 * (depth - 1).bit_length()) + costs.counter(family, depth)
    for extent in scan.extents:
        if extent > 1:
            total += costs.counter(family, extent)
    for axis, extent in ((rows, scan.extents[0]), (columns, scan.extents[1])):
        # First and last complete coordinate, first and last coordinate inside.
        compared = (axis.span > 1) + 2 * axis.padded
        total += Resources(luts=compared * -(-extent.bit_length() // 2))
        if axis.stride > 1:
            total += costs.counter(family, axis.stride)
    if s.geometry.padded:
        total += Resources(luts=column, ffs=2 * rows.taps)
    return total
