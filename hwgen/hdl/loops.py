# SPDX-License-Identifier: Apache-2.0
"""A nest of counters that walks a schedule, with registered end tests."""

from __future__ import annotations

from amaranth.hdl import Const, Elaboratable, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In


class Loops(wiring.Component):
    """Counts ``extents`` like nested for-loops, the last fastest, one step per cycle with `step`.

    count, first, last: per loop its counter, and whether it stands at its first and last turn. first and last are
    registers (or constants), so that they can steer a handshake without a comparison in the path.
    start: the counts after a reset, all 0 where None.
    """

    def __init__(self, extents: tuple[int, ...], start: tuple[int, ...] | None = None):
        self.extents = extents
        self.start = start or (0,) * len(extents)
        self.count: list[Value] = []
        self.first: list[Value] = []
        self.last: list[Value] = []
        for k, (extent, at) in enumerate(zip(extents, self.start, strict=True)):
            counts = extent > 1
            self.count.append(Signal(range(extent), init=at, name=f"count_{k}") if counts else Const(0, 1))
            self.first.append(Signal(init=at == 0, name=f"first_{k}") if counts else Const(1, 1))
            self.last.append(Signal(init=at == extent - 1, name=f"last_{k}") if counts else Const(1, 1))
        super().__init__({"step": In(1)})

    def between(self, loop: int, low: int, high: int) -> Value:
        """Whether the loop's counter stands from `low` up to and without `high`; a bound that always holds costs nothing."""
        above = self.count[loop] >= low if low > 0 else Const(1, 1)
        below = self.count[loop] < high if high < self.extents[loop] else Const(1, 1)
        return above & below

    def elaborate(self, platform: object) -> Elaboratable:
        m = Module()
        turn: Value = self.step
        for k in reversed(range(len(self.extents))):
            if self.extents[k] == 1:
                continue
            count, first, last = self.count[k], self.first[k], self.last[k]
            with m.If(turn):
                m.d.sync += [first.eq(last), last.eq(count == self.extents[k] - 2), count.eq(count + 1)]
                with m.If(last):
                    m.d.sync += [count.eq(0), last.eq(0)]
            inner = Signal(name=f"turn_{k}")
            m.d.comb += inner.eq(turn & last)
            turn = inner
        return m
