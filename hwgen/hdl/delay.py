# SPDX-License-Identifier: Apache-2.0
"""A value some cycles later."""

from __future__ import annotations

from amaranth.hdl import Module, Signal, Value


def delayed(m: Module, value: Value, cycles: int, name: str, *, reset_less: bool = False) -> Value:
    """`value` as it was `cycles` cycles ago, through registers ``<name>_1``, ``<name>_2``, ...; they start like it."""
    for k in range(1, cycles + 1):
        later = Signal.like(value, name=f"{name}_{k}", reset_less=reset_less)
        m.d.sync += later.eq(value)
        value = later
    return value
