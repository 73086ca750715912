# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import time
from fractions import Fraction

import pytest

from hwgen.ir.order import Order
from hwgen.kernels.requantize.folding import DivisionFolding, MultiplyShiftFolding, foldings, orders, spec
from hwgen.kernels.requantize.kernel import RequantizeKernel
from hwgen.kernels.requantize.spec import LineSpec
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from tests.kernels.requantize.nodes import layer, powers_of_two, requantize

TARGET = Target.named("ecp5-85k")


def forms(node) -> set[str]:  # type: ignore[no-untyped-def]
    return {folding.form for folding in foldings(node, TARGET)}


def test_division_is_exact_for_every_ratio_and_offers_itself_always() -> None:
    for node in (layer(), powers_of_two(), requantize((Fraction(7, 100),)), layer(out=IntRange(0, 1))):
        assert "division" in forms(node)


def test_exact_ties_leave_no_plain_shift() -> None:
    assert forms(powers_of_two()) == {"tie_even_shift", "division"}
    assert forms(layer()) == {"multiply_shift", "division"}


def test_thresholds_are_offered_up_to_four_bits() -> None:
    assert "thresholds" in forms(layer(steps=300.0, out=IntRange(-8, 7)))
    assert "thresholds" not in forms(layer(steps=300.0, out=IntRange(-9, 7)))


def test_a_power_of_two_for_the_whole_tensor_needs_no_multiplier() -> None:
    found = [f for f in foldings(requantize((Fraction(1, 32),)), TARGET) if f.form == "tie_even_shift"]
    assert {f.multiplier for f in found} == {"none"}  # type: ignore[attr-defined]


def test_saturating_the_accumulator_saves_multipliers_where_the_window_is_narrow() -> None:
    node = layer(x=IntRange(-(1 << 24), 1 << 24), steps=100.0)
    prices = {
        f.window_bits: RequantizeKernel().area(node, f, TARGET).dsps
        for f in foldings(node, TARGET)
        if isinstance(f, MultiplyShiftFolding) and f.multiplier == "dsp" and f.lanes_out == 1
    }
    assert len(prices) == 2 and prices.pop(0) > next(iter(prices.values()))


def test_equal_channels_share_constants_in_the_circuit() -> None:
    node = requantize((Fraction(1, 17),) * 6)
    assert {f.memory for f in foldings(node, TARGET)} == {"none"}
    line = spec(node, next(f for f in foldings(node, TARGET) if f.form == "multiply_shift"))
    assert isinstance(line, LineSpec) and line.groups == 0 and line.constants


def test_channels_that_do_not_come_round_periodically_ask_for_another_order() -> None:
    node = layer()
    folding = DivisionFolding((2,), 2, "logic")
    row_major = Order.row_major(node.type.shape)
    channels_last = Order.channels_last(node.type.shape)
    assert orders(node, folding, (row_major,)) == ((channels_last,), channels_last)
    assert orders(node, folding, (channels_last,)) == ((channels_last,), channels_last)


def test_one_set_of_constants_takes_any_order() -> None:
    node = requantize((Fraction(1, 17),))
    row_major = Order.row_major(node.type.shape)
    assert orders(node, DivisionFolding((2,), 2, "none"), (row_major,)) == ((row_major,), row_major)


def test_foldings_of_a_layer_are_found_in_a_few_milliseconds_a_channel_and_then_known() -> None:
    node = layer(channels=64, shape=(1, 64, 4), seed=12)
    start = time.process_time()
    found = foldings(node, TARGET)
    first = time.process_time() - start
    start = time.process_time()
    assert foldings(node, TARGET) == found
    assert first < 64 * 0.05 and time.process_time() - start < first / 4


@pytest.mark.parametrize("node", [layer(), powers_of_two(), layer(steps=300.0, out=IntRange(-8, 7))])
def test_a_folding_does_not_fall_below_one_lane_per_cycle(node) -> None:  # type: ignore[no-untyped-def]
    for folding in foldings(node, TARGET):
        assert RequantizeKernel().cycles(node, folding).worst * folding.lanes_out == node.type.size
