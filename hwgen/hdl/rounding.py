# SPDX-License-Identifier: Apache-2.0
"""The last steps of fixed-point arithmetic: a rounding shift and a clamp."""

from __future__ import annotations

from amaranth.hdl import Module, Mux, Shape, Signal, Value, signed

from hwgen.numerics.line import Ties
from hwgen.numerics.range import IntRange


def rounding_shift(m: Module, total: Signal, shift: int, ties: Ties, name: str) -> Value:
    """``total >> shift``, at once for ties "up" (half a step is part of the sum), else a cycle later.

    For ties "even" half a step less one is added before, and one more where bit `shift` is set (clear, for "odd").
    """
    if ties == "up":
        return total >> shift
    odd = Signal(name=f"{name}_odd")
    nudged = Signal(signed(len(total) + 1), name=f"{name}_nudged", reset_less=True)
    m.d.comb += odd.eq((total >> shift)[0])
    up: Value = odd if ties == "even" else ~odd
    m.d.sync += nudged.eq(total + ((1 << (shift - 1)) - 1) + up if shift else total)
    return nudged >> shift


def clamp(m: Module, value: Value, reach: IntRange, limit: IntRange, shape: Shape, name: str) -> Signal:
    """`value` within `limit`, a cycle later, of `shape`; only the ends that a value in `reach` can pass are compared."""
    clamped = Signal(shape, name=name, reset_less=True)
    within = value
    if reach.hi > limit.hi:
        within = Mux(value > limit.hi, limit.hi, within)
    if reach.lo < limit.lo:
        within = Mux(value < limit.lo, limit.lo, within)
    m.d.sync += clamped.eq(within)
    return clamped
