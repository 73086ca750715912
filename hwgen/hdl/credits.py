# SPDX-License-Identifier: Apache-2.0
"""Permission to start, handed from one process of a unit to another."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value


def credits(m: Module, name: str, most: int, start: int, give: Value, take: Value) -> Value:
    """Whether there is a credit: `start` at first, one more the cycle after `give`, one less the cycle after `take`."""
    count = Signal(range(most + 1), init=start, name=name)
    with m.If(give & ~take):
        m.d.sync += count.eq(count + 1)
    with m.Elif(take & ~give):
        m.d.sync += count.eq(count - 1)
    return count != 0
