# SPDX-License-Identifier: Apache-2.0
"""What an output lane of a MAC array does with its inputs and weights: products, their sum, the accumulator."""

from __future__ import annotations

from typing import Any, Protocol

from amaranth.hdl import Const, Module, Mux, Shape, Signal, Value, signed

from hwgen.hdl.adder_tree import add_tree
from hwgen.hdl.delay import delayed
from hwgen.hdl.memory import Memory
from hwgen.hdl.multiplier import WIDEST, Multiplier
from hwgen.hdl.wide_multiplier import WideMultiplier
from hwgen.kernels.matmul.contraction import signed_bits
from hwgen.kernels.matmul.digits import Digit, multiple_range, multiples_of
from hwgen.numerics.range import IntRange


class LaneSpec(Protocol):
    """What the arithmetic of a lane depends on: ranges of inputs and sums, bits of a stored weight, its digits."""

    @property
    def x(self) -> IntRange: ...
    @property
    def out(self) -> IntRange: ...
    @property
    def weight_bits(self) -> int: ...
    @property
    def digits(self) -> tuple[Digit, ...]: ...


def held_beat(m: Module, payload: Value, taking: Value, step: Value, steps: int, folds: int) -> Value:
    """Three cycles after the event: the beat that it took, or the one that was taken for this step before."""
    arrived = Signal(len(payload), reset_less=True)
    if folds == 1:
        with m.If(taking):
            m.d.sync += arrived.eq(payload)
        return delayed(m, arrived, 2, "arrived", reset_less=True)
    m.d.sync += arrived.eq(payload)
    m.submodules.held = held = Memory(len(arrived), steps, style="distributed", writable=True)
    slot = delayed(m, step, 1, "slot", reset_less=True)
    fresh = delayed(m, taking, 1, "fresh", reset_less=True)
    m.d.comb += [
        held.address.eq(slot),
        held.write_address.eq(slot),
        held.write_data.eq(arrived),
        held.write_enable.eq(fresh),
    ]
    chosen = Signal(len(arrived), reset_less=True)
    was_fresh = delayed(m, fresh, 1, "was_fresh", reset_less=True)
    was_arrived = delayed(m, arrived, 1, "was_arrived", reset_less=True)
    with m.If(was_fresh):
        m.d.sync += chosen.eq(was_arrived)
    with m.Else():
        m.d.sync += chosen.eq(held.data)
    return chosen


def next_word(m: Module, memory: Memory, fire: Value, wait: int, name: str = "address") -> Value:
    """Two cycles more than `wait` after each event: the next word of a memory that is read round and round."""
    address = Signal(range(memory.depth), name=name)
    if memory.depth > 1:
        with m.If(fire):
            with m.If(address == memory.depth - 1):
                m.d.sync += address.eq(0)
            with m.Else():
                m.d.sync += address.eq(address + 1)
    m.d.comb += memory.address.eq(delayed(m, address, wait, f"read_{name}", reset_less=True))
    return memory.data


def lane_sum(m: Module, spec: LaneSpec, lane: int, values: list[Any], factors: list[Value]) -> Value:
    """The sum of products of one output lane; `values` are the multiples of the inputs where weights are digits."""
    return (_picked if spec.digits else _multiplied)(m, spec, lane, values, factors)


def _multiplied(m: Module, spec: LaneSpec, lane: int, values: list[Value], factors: list[Value]) -> Value:
    """In DSP blocks."""
    products: list[Value] = []
    x_bits = signed_bits(spec.x)
    form = Multiplier if max(x_bits, spec.weight_bits) <= WIDEST else WideMultiplier
    for k, (value, factor) in enumerate(zip(values, factors, strict=True)):
        m.submodules[f"multiply_{lane}_{k}"] = multiplier = form(x_bits, spec.weight_bits)
        m.d.comb += [multiplier.a.eq(value), multiplier.b.eq(factor.as_signed())]
        products.append(multiplier.y)
    return add_tree(m, products, f"lane_{lane}", spec.out.width)


def _picked(m: Module, spec: LaneSpec, lane: int, values: list[dict[int, Value]], factors: list[Value]) -> Value:
    """Digit by digit: equal shifts are added up first."""
    by_digit, width = [], spec.out.width
    for n, digit in enumerate(spec.digits):
        shape = Shape(digit.range(spec.x).width, digit.range(spec.x).signed)
        picked: list[Value] = []
        for k, (value, factor) in enumerate(zip(values, factors, strict=True)):
            choice = Signal(shape, name=f"pick_{lane}_{n}_{k}", reset_less=True)
            m.d.sync += choice.eq(pick(value, digit, factor))
            picked.append(choice)
        total = add_tree(m, picked, f"lane_{lane}_{n}", width)
        by_digit.append((total << digit.shift)[:width].as_signed() if digit.shift else total)
    return add_tree(m, by_digit, f"lane_{lane}", width)


def accumulated(m: Module, sums: list[Value], first: Value, active: Value, width: int, start: int = 0) -> list[Value]:
    """One cycle later: what came to each lane since the `first` sum; only sums that are `active` count. start: the number
    of the first lane."""
    results: list[Value] = []
    for lane, total in enumerate(sums, start):
        result = Signal(signed(width), name=f"accumulator_{lane}", reset_less=True)
        before = Signal.like(result, name=f"before_{lane}")
        m.d.comb += before.eq(Mux(first, 0, result))
        with m.If(active):
            # A partial sum may leave the exact range and wrap; the whole sum is in range, so it comes out right.
            m.d.sync += result.eq(before + total)
        results.append(result)
    return results


def multiples(m: Module, value: Value, x: IntRange, digits: tuple[Digit, ...], name: str) -> dict[int, Value]:
    """One cycle later: every multiple that some digit picks of a `value` in the range `x`."""
    made: dict[int, Value] = {0: Const(0, 1)}
    for multiple in (1, -1, 3):
        if {multiple, 2 * multiple} & set(multiples_of(digits)):
            known = multiple_range(multiple, x)
            shape = Shape(known.width, known.signed)
            made[multiple] = Signal(shape, name=f"{name}_times_{multiple}".replace("-", "minus_"), reset_less=True)
            m.d.sync += made[multiple].eq(-value if multiple < 0 else value + (value << 1) if multiple > 1 else value)
            made[2 * multiple] = made[multiple] << 1
    return made


def pick(multiples: dict[int, Value], digit: Digit, code: Value) -> Value:
    """The multiple that the digit of a stored weight picks."""
    options = [multiples[multiple] for multiple in digit.multiples]
    for bit in range(digit.bits):
        options = [Mux(code[digit.position + bit], b, a) for a, b in zip(options[::2], options[1::2], strict=True)]
    return options[0]
