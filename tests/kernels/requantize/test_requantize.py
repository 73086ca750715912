# SPDX-License-Identifier: Apache-2.0
"""Hardware = golden, on time, for every form; and every accumulator of a small range through every form."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from amaranth.sim import Simulator

from hwgen.encodings.twos_complement.code import encode
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.kernels.requantize.folding import RequantizeFolding
from hwgen.kernels.requantize.kernel import RequantizeKernel
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import ROUNDINGS
from hwgen.targets import Target
from hwgen.testing import check_kernel, unit_with_memories
from tests.kernels.requantize.nodes import layer, powers_of_two, requantize

KERNEL = RequantizeKernel()
WINDOW = IntRange(-(1 << 18), 1 << 18)
NODES = {
    "per tensor": requantize((Fraction(1, 17),), (Fraction(3, 7),)),
    "falling tensor": requantize((Fraction(-3, 61),), x=IntRange(0, 5000), out=IntRange(0, 255), zero_point=128),
    "per channel": layer(),
    "rising channels": layer(seed=1, falling=False, out=IntRange(0, 255), zero_point=3),
    "far too wide accumulators": layer(x=WINDOW, seed=2),
    "a window that fills its bits": requantize((Fraction(1266, 10007),), x=WINDOW),
    "wide multipliers": layer(x=WINDOW, seed=3, steps=2500.0),
    "powers of two": powers_of_two(),
    "one power of two": requantize((Fraction(1, 32),), zero_point=1),
    "mixed signs and an odd zero point": powers_of_two(zero_point=3, falling=True),
    "decimal ties": requantize(tuple(Fraction(n, 1000) for n in (55, -81, 93, 100, -20, 70)), zero_point=-4),
    "ort": requantize(
        tuple(Fraction(float(np.float32(n / 1000))) for n in (55, 81, 93, 100, 20, 70)), (Fraction(5),), dialect="ort"
    ),
    "relu": layer(seed=4, out=IntRange(0, 127)),
    "clip at odd ends": layer(seed=5, out=IntRange(-11, 40)),
    "four bits": layer(seed=6, steps=300.0, out=IntRange(-8, 7)),
    "one bit": layer(seed=7, steps=900.0, out=IntRange(0, 1)),
    "a dead channel": requantize(
        (Fraction(0), Fraction(1, 17), Fraction(0), Fraction(-1, 13), Fraction(1, 10**9), Fraction(1, 19)),
        (Fraction(5), Fraction(77), Fraction(-900), Fraction(1, 3), Fraction(-70), Fraction(11, 3)),
    ),
    "one code only": requantize((Fraction(0),), (Fraction(5),)),
    **{
        f"rounding {mode}": requantize(
            tuple(Fraction(n, 64) for n in (1, -2, 4, 8, -16, 3)), (Fraction(5, 2),), zero_point=3, rounding=mode
        )
        for mode in ROUNDINGS[1:]
    },
    "a ratio above one": layer(seed=8, steps=0.4, x=IntRange(-70, 60)),
}


def foldings_of(node: Node, *lanes: int) -> list[RequantizeFolding]:
    found = KERNEL.foldings(node, Target.named("ecp5-85k"))
    return [f for f in found if f.lanes_out in lanes]


def cases() -> list[object]:
    """Every form of every node at two lanes, and of some at one."""
    return [
        pytest.param(
            node, folding, id=f"{name}: {folding.form} {getattr(folding, 'multiplier', '')} x{folding.lanes_out}"
        )
        for name, node in NODES.items()
        for folding in foldings_of(node, 1, 2)
        if folding.lanes_out == 2 or name in ("per tensor", "per channel", "decimal ties", "four bits")
    ]


@pytest.mark.parametrize("node, folding", cases())
def test_every_form_equals_golden_on_time(node: Node, folding: RequantizeFolding) -> None:
    check_kernel(KERNEL, node, folding, frames=2)


def play(node: Node, folding: RequantizeFolding, frame: np.ndarray) -> list[int]:
    """Beats that come out for one frame of accumulators, shape of the node, in channels-last order."""
    (taken,), _ = KERNEL.orders(node, folding, (Order.channels_last(node.type.shape),))
    unit = unit_with_memories(KERNEL, node, folding, (taken,))
    lanes = frame.reshape(-1)[taken.indices].reshape(-1, folding.lanes_out)
    beats, results = encode(lanes, node.src[0].type.range.width), []

    async def bench(context) -> None:  # type: ignore[no-untyped-def]
        for beat in [*beats, *[0] * (KERNEL.schedule(node, folding).latency + 1)]:
            context.set(unit.i.payload, beat)
            context.set(unit.i.valid, len(results) < len(beats))
            if context.get(unit.o.valid):
                results.append(context.get(unit.o.payload))
            await context.tick()

    simulator = Simulator(unit)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()
    return results[: len(beats)]


SMALL = IntRange(-150, 161)
EXHAUSTIVE = {
    "random": layer(steps=1.3, x=SMALL, shape=(1, 6, SMALL.size)),
    "powers of two": requantize(
        tuple(Fraction(s, n) for s, n in ((1, 2), (-1, 4), (1, 8), (1, 1), (-1, 2), (1, 4))),
        (Fraction(1, 2), Fraction(0), Fraction(40), Fraction(-1, 2), Fraction(0), Fraction(1, 8)),
        x=SMALL, shape=(1, 6, SMALL.size), zero_point=1,
    ),
    "decimal ties": requantize(
        tuple(Fraction(n, 10) for n in (5, -7, 13, 4, -2, 9)), x=SMALL, shape=(1, 6, SMALL.size), zero_point=-1
    ),
    "three bits": layer(steps=40.0, x=SMALL, shape=(1, 6, SMALL.size), out=IntRange(-3, 3), seed=2),
}  # fmt: skip


@pytest.mark.parametrize("name", EXHAUSTIVE)
def test_every_accumulator_of_a_small_range_goes_through_every_form(name: str) -> None:
    node = EXHAUSTIVE[name]
    frame = np.broadcast_to(np.arange(SMALL.lo, SMALL.hi + 1), (1, 1, 6, SMALL.size))
    golden = node.op.golden(frame).reshape(-1)[Order.channels_last(node.type.shape).indices]
    for folding in foldings_of(node, 2, 6):
        if folding.memory != "block":
            expected = encode(golden.reshape(-1, folding.lanes_out), node.type.range.width)
            assert play(node, folding, frame[0]) == expected, folding


def test_constants_follow_the_channels_of_a_vector_that_arrives_in_another_order() -> None:
    node = layer(channels=12, shape=(1, 12), seed=9)
    turned = Order.of_loops((3, 1), (4, 3))
    for folding in foldings_of(node, 4, 12):
        check_kernel(KERNEL, node, folding, given=(turned,))


def test_channels_along_the_last_axis() -> None:
    node = layer(channels=4, shape=(1, 3, 4), axis=2)
    for folding in foldings_of(node, 2):
        check_kernel(KERNEL, node, folding, given=(Order.row_major((1, 3, 4)),))


def test_constants_in_block_ram() -> None:
    node = layer(channels=48, shape=(1, 48, 4), seed=10)
    block = [f for f in foldings_of(node, 3) if f.memory == "block"]
    assert {f.form for f in block} == {"multiply_shift", "division"}
    for folding in block:
        check_kernel(KERNEL, node, folding, frames=2)


def test_threshold_tables_in_block_ram() -> None:
    node = layer(channels=48, shape=(1, 48, 4), steps=300.0, out=IntRange(-8, 7), seed=11)
    folding = next(f for f in foldings_of(node, 3) if f.memory == "block" and f.form == "thresholds")
    check_kernel(KERNEL, node, folding, frames=2)
