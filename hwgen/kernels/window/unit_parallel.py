# SPDX-License-Identifier: Apache-2.0
"""The window whose taps leave all at once: a line buffer makes columns of rows, registers make a window of columns."""

from __future__ import annotations

import numpy as np
from amaranth.hdl import Cat, Const, Elaboratable, Module, Mux, Signal, Value, unsigned
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hwgen.hdl.delay import delayed
from hwgen.hdl.loops import Loops
from hwgen.hdl.memory import Memory
from hwgen.kernels.window.folding import ParallelSpec
from hwgen.kernels.window.geometry import Axis


class ParallelUnit(wiring.Component):
    """Walks over the image and its padding, one beat of a row a cycle (hwgen/kernels/window/scan.py).

    ``i``: lanes elements, channels last; ``o``: lanes elements of each tap, taps row-major, lanes fastest. Registers
    describe the step that comes next; `loops` stand one step further, so that comparisons end in registers.
    """

    def __init__(self, spec: ParallelSpec):
        self.spec, self.scan = spec, spec.scan
        taps = spec.geometry.taps
        super().__init__(
            {
                "i": In(stream.Signature(unsigned(spec.lanes * spec.x.width))),
                "o": Out(stream.Signature(unsigned(taps * spec.lanes * spec.out.width), always_ready=True)),
                "o_space": In(1),
                "o_reserve": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        step = Signal(name="step")
        start = int(np.ravel_multi_index(self.scan.start, self.scan.extents))
        behind = np.unravel_index((start + 1) % int(np.prod(self.scan.extents)), self.scan.extents)
        m.submodules.loops = self.loops = Loops(self.scan.extents, tuple(int(k) for k in behind))
        m.d.comb += self.loops.step.eq(step)
        rows, columns = self.spec.geometry.rows, self.spec.geometry.columns
        inside_row, inside_column = self._inside(0, rows), self._inside(1, columns)
        takes = self._ahead(m, step, inside_row & inside_column, bool(self.scan.takes[self.scan.start]), "takes")
        gives = self._ahead(m, step, self._complete(m, step), bool(self.scan.gives[self.scan.start]), "gives")
        m.d.comb += [
            step.eq((~takes | self.i.valid) & (~gives | self.o_space)),
            self.i.ready.eq(takes & (~gives | self.o_space)),
            self.o_reserve.eq(step & gives),
            self.o.valid.eq(delayed(m, step & gives, self.spec.latency, "given")),
        ]
        column = self.scan.columns[0] + self.scan.start[1]
        starts_inside = 0 <= column < columns.size
        in_image = self._ahead(m, step, inside_column, starts_inside, "in_image")
        self._window(m, step, in_image)
        return m

    def _ahead(self, m: Module, step: Signal, value: Value, init: bool, name: str) -> Signal:
        """`value`, made of the loops' counts, for the step that comes next."""
        ahead = Signal(init=bool(init), name=name)
        with m.If(step):
            m.d.sync += ahead.eq(value)
        return ahead

    def _between(self, loop: int, low: int, high: int) -> Value:
        """Whether the loop stands at a coordinate from `low` up to and without `high`."""
        origin = (self.scan.rows, self.scan.columns)[loop][0]
        return self.loops.between(loop, low - origin, high - origin)

    def _inside(self, loop: int, axis: Axis) -> Value:
        return self._between(loop, 0, axis.size)

    def _complete(self, m: Module, step: Signal) -> Value:
        """Whether the step ends a window position."""
        rows, columns = self.spec.geometry.rows, self.spec.geometry.columns
        ends_pixel = step & self.loops.last[2]
        ends_row = ends_pixel & self.loops.last[1]
        of_row = self._completes(m, 0, rows, ends_row, "row_phase")
        return of_row & self._completes(m, 1, columns, ends_pixel, "column_phase")

    def _completes(self, m: Module, loop: int, axis: Axis, turn: Value, name: str) -> Value:
        """Whether the loop stands at the last tap of a position of its axis."""
        ends = axis.coordinates[:, -1]
        complete = self._between(loop, int(ends[0]), int(ends[-1]) + 1)
        if axis.stride == 1:
            return complete
        origin = (self.scan.rows, self.scan.columns)[loop][0]
        start, first = int(self.loops.start[loop]), int(origin - ends[0]) % axis.stride
        phase = Signal(range(axis.stride), init=(first + start) % axis.stride, name=name)
        with m.If(turn):
            wraps = self.loops.last[loop]
            m.d.sync += phase.eq(Mux(wraps, first, Mux(phase == axis.stride - 1, 0, phase + 1)))
        return complete & (phase == 0)

    def _window(self, m: Module, step: Signal, in_image: Signal) -> None:
        """Shifts the columns that arrive through the registers of the window."""
        depth = self.spec.latency - 1
        shift = delayed(m, step, depth, "shift")
        newest = delayed(m, self.i.payload, depth, "pixel", reset_less=True)
        lines = self._lines(m, step, in_image, newest) if depth else newest
        columns, rows = self.spec.geometry.columns, self.spec.geometry.rows
        filling = ~delayed(m, in_image, depth, "in_image", reset_less=True)
        shown = []
        for row in range(rows.taps):
            age = (rows.taps - 1 - row) * rows.dilation
            raw = newest if age == 0 else lines.word_select(age - 1, len(newest))
            fills = delayed(m, self._fills_row(m, step, row), depth, f"row_{row}_outside", reset_less=True)
            word: Value = self._column(m, raw, fills | filling, row)
            chain = []
            for k in range((columns.span - 1) * self.scan.blocks + 1):
                fill = self._fill_word if self.spec.geometry.padded else 0
                held = Signal(
                    len(word), init=fill, reset_less=not self.spec.geometry.padded, name=f"row_{row}_column_{k}"
                )
                with m.If(shift):
                    m.d.sync += held.eq(word)
                chain.append(held)
                word = held
            shown += [chain[(columns.span - 1 - k * columns.dilation) * self.scan.blocks] for k in range(columns.taps)]
        m.d.comb += self.o.payload.eq(Cat(*shown))

    def _fills_row(self, m: Module, step: Signal, row: int) -> Value:
        """Whether this kernel row lies outside of the image at the step that comes next."""
        rows = self.spec.geometry.rows
        if not self.scan.fills_rows[row]:
            return Const(0)
        age = (rows.taps - 1 - row) * rows.dilation
        at_start = 0 <= self.scan.rows[0] + self.scan.start[0] - age < rows.size
        outside = ~self._between(0, age, age + rows.size)
        return self._ahead(m, step, outside, not at_start, f"row_{row}_outside")

    def _column(self, m: Module, raw: Value, fills: Value, row: int) -> Value:
        """One kernel row of the column that arrives, in the width of the output, with its padding."""
        x, out = self.spec.x, self.spec.out
        word = Signal(self.spec.lanes * out.width, name=f"row_{row}_arriving")
        for lane in range(self.spec.lanes):
            code = raw.word_select(lane, x.width)
            m.d.comb += word.word_select(lane, out.width).eq(code.as_signed() if x.signed else code)
        if self.scan.fills_rows[row] or self.scan.fills_columns:
            with m.If(fills):
                m.d.comb += word.eq(self._fill_word)
        return word

    @property
    def _fill_word(self) -> int:
        bits = self.spec.out.width
        return sum((self.spec.fill & ((1 << bits) - 1)) << (lane * bits) for lane in range(self.spec.lanes))

    def _lines(self, m: Module, step: Signal, in_image: Signal, newest: Value) -> Value:
        """The rows above the pixel that arrives, the nearest in the low bits; the pixel joins them."""
        columns, blocks, depth = self.spec.geometry.columns, self.scan.blocks, self.spec.latency - 1
        words = columns.size * blocks
        m.submodules.lines = lines = Memory(
            self.spec.line_rows * len(newest), words, output_register=True, writable=True
        )
        column = min(max(self.scan.columns[0] + self.scan.start[1], 0), columns.size)
        address = Signal(range(words), init=column * blocks % words, name="address")
        with m.If(step & in_image):
            m.d.sync += address.eq(Mux(address == words - 1, 0, address + 1))
        m.d.comb += [
            lines.address.eq(address),
            lines.write_enable.eq(delayed(m, step & in_image, depth, "write_enable")),
            lines.write_address.eq(delayed(m, address, depth, "write_address", reset_less=True)),
            lines.write_data.eq(Cat(newest, lines.data)),
        ]
        return lines.data
