# SPDX-License-Identifier: Apache-2.0
"""A pipelined divider that rounds: one quotient in each cycle, half to even."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth.hdl import Cat, Module, Signal, Value, signed

from hwgen.hdl.add_subtract import AddSubtract


def divide_rounded(m: Module, numerators: Sequence[Value], denominator: Value, bits: int, name: str) -> list[Value]:
    """round_half_even(numerator / denominator) of unsigned words, `costs.divider_latency` cycles later.

    All numerators share the denominator. Every quotient has to be below ``2**bits``.

    Non-restoring division of twice the numerator: the remainder starts at ``2 * numerator - 2**bits * denominator``;
    its sign is a bit of the quotient, and half as much is then taken off or put back. The last bit is one half: it
    rounds up, unless nothing remains (a tie) and the quotient is even.
    """
    divisors = [denominator]
    for k in range(bits):
        later = Signal.like(denominator, name=f"{name}_divisor_{k}", reset_less=True)
        m.d.sync += later.eq(divisors[-1])
        divisors.append(later)
    return [_lane(m, n, divisors, bits, f"{name}_{k}") for k, n in enumerate(numerators)]


def _lane(m: Module, numerator: Value, divisors: list[Value], bits: int, name: str) -> Value:
    width = len(divisors[0])
    rest = Signal(signed(width + bits + 1), name=f"{name}_rest_{bits}", reset_less=True)
    m.d.sync += rest.eq(Cat(0, numerator).as_unsigned() - (divisors[0] << bits))
    found: list[Value] = [~rest[-1]]
    for step in reversed(range(bits)):
        low, high = rest[:step], rest[step:].as_signed()
        m.submodules[f"{name}_step_{step}"] = total = AddSubtract(width + 2)
        m.d.comb += [total.subtract.eq(found[-1]), total.a.eq(high), total.b.eq(divisors[bits - step])]
        next_rest = Signal(signed(width + step + 1), name=f"{name}_rest_{step}", reset_less=True)
        kept = Signal(len(found), name=f"{name}_found_{step}", reset_less=True)
        m.d.sync += [next_rest.eq(Cat(low, total.y).as_signed()), kept.eq(Cat(*found))]
        rest, found = next_rest, [*kept, ~next_rest[-1]]
    quotient = Cat(*reversed(found[:-1]))
    exact = Signal(name=f"{name}_exact", reset_less=True)
    half = Signal(name=f"{name}_half", reset_less=True)
    whole = Signal(bits, name=f"{name}_whole", reset_less=True)
    rounded = Signal(bits, name=f"{name}_rounded", reset_less=True)
    m.d.sync += [
        exact.eq(rest == 0),
        half.eq(found[-1]),
        whole.eq(quotient),
        rounded.eq(whole + (half & (~exact | whole[0]))),
    ]
    return rounded
