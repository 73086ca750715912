# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from math import floor, lcm

import numpy as np
import pytest

from hwgen.errors import IllegalFolding, UnsupportedOp
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.resize.folding import RowsFolding
from hwgen.kernels.resize.kernel import InterpolateKernel
from hwgen.kernels.resize.op import Interpolate, Taps
from hwgen.numerics.range import IntRange
from hwgen.plan.beats import Network
from hwgen.plan.timing import add_schedule
from hwgen.targets import Target
from hwgen.testing import check_kernel

U4, S6, U8 = IntRange(0, 15), IntRange(-32, 31), IntRange(0, 255)


def nearest(n: int, m: int) -> Taps:
    return Taps(tuple(p * n // m for p in range(m)), (1,) * m, (0,) * m, 1)


def linear(n: int, m: int) -> Taps:
    """Half-pixel positions, clamped, as exact weights."""
    half = Fraction(1, 2)
    places = [min(max((p + half) * n / m - half, Fraction(0)), Fraction(n - 1)) for p in range(m)]
    denominator = lcm(*(x.denominator for x in places))
    far = [(x - floor(x)) * denominator for x in places]
    return Taps(
        tuple(floor(x) for x in places),
        tuple(int(denominator - f) for f in far),
        tuple(int(f) for f in far),
        denominator,
    )


def resize(channels: int, source: tuple[int, ...], taps: tuple[Taps, ...], values: IntRange = U4) -> Node:
    return Node(Interpolate(taps), (Node(Input(TensorType((1, channels, *source), values)), (), "x"),), "resize")


def image(mode, channels: int, source: tuple[int, int], result: tuple[int, int], values: IntRange = U4) -> Node:
    return resize(channels, source, tuple(mode(n, m) for n, m in zip(source, result, strict=True)), values)


def check(node: Node, *folding: int | str, **options: int) -> None:
    check_kernel(InterpolateKernel(), node, RowsFolding.of(*folding), **options)


@pytest.mark.parametrize("result, rows", [((4, 6), 2), ((6, 3), 3), ((2, 3), 2), ((1, 1), 3), ((3, 7), 2), ((5, 2), 3)])
def test_nearest_up_and_down(result: tuple[int, int], rows: int) -> None:
    check(image(nearest, 2, (2, 3), result, S6), 2, 1, 1, rows, "logic")


def test_nearest_with_several_beats_a_pixel() -> None:
    check(image(nearest, 6, (2, 2), (4, 4)), 2, 1, 1, 2, "logic")


def test_nearest_may_skip_rows_and_columns_at_the_start_the_end_and_between() -> None:
    rows, columns = Taps((2, 2, 5), (1,) * 3, (0,) * 3, 1), Taps((1, 3), (1, 1), (0, 0), 1)
    for held in (2, 3):
        check(resize(2, (8, 5), (rows, columns)), 1, 1, 1, held, "logic")


@pytest.mark.parametrize("banks", [(1, 1), (2, 1), (1, 2), (2, 2)])
@pytest.mark.parametrize("lanes, result, multiplier", [(1, (4, 5), "dsp"), (2, (2, 3), "logic"), (2, (5, 3), "dsp")])
def test_linear_reads_its_taps_one_after_the_other_or_at_once(
    banks: tuple[int, int], lanes: int, result: tuple[int, int], multiplier: str
) -> None:
    check(image(linear, 2, (3, 4), result, S6), lanes, *banks, 4, multiplier)


@pytest.mark.parametrize("rows", [3, 4])
def test_linear_with_one_or_two_spare_rows(rows: int) -> None:
    check(image(linear, 1, (5, 3), (3, 5)), 1, 1, 2, rows, "logic")


@pytest.mark.parametrize("values", [U8, IntRange(-1, 0), IntRange(-128, 127)])
def test_ranges_at_their_corners_stay_exact(values: IntRange) -> None:
    check(image(linear, 1, (2, 2), (3, 3), values), 1, 2, 2, 4, "logic")
    check(image(linear, 1, (2, 2), (3, 3), values), 1, 1, 1, 3, "dsp")


@pytest.mark.parametrize("row_mode, column_mode", [(nearest, linear), (linear, nearest)])
def test_one_axis_may_be_linear_and_the_other_nearest(row_mode, column_mode) -> None:
    node = resize(2, (3, 3), (row_mode(3, 5), column_mode(3, 4)))
    for banks in ((1, 1), (2, 1) if row_mode is linear else (1, 2)):
        check(node, 2, *banks, 4, "logic")


@pytest.mark.parametrize("mode", [nearest, linear])
@pytest.mark.parametrize("length", [9, 2])
@pytest.mark.parametrize("lanes", [1, 3])
def test_a_signal_keeps_a_few_positions(mode, length: int, lanes: int) -> None:
    node = resize(3, (4,), (mode(4, length),))
    check(node, lanes, 1, 1, 4, "logic")
    if mode is linear:
        check(node, lanes, 2, 1, 4, "dsp")


def test_operands_wider_than_a_multiplier_are_cut_into_pieces() -> None:
    check(image(linear, 1, (2, 2), (3, 3), IntRange(-(1 << 17), (1 << 17) - 1)), 1, 2, 1, 4, "dsp")


def test_positions_at_the_far_end_read_the_last_row_and_column_only() -> None:
    clamped = Taps((0, 1, 2), (3, 1, 4), (1, 3, 0), 4)
    for banks in ((1, 1), (2, 2)):
        check(resize(1, (3, 3), (clamped, clamped)), 1, *banks, 4, "logic")


def test_an_axis_of_one_position_is_scaled() -> None:
    flat = Taps((0, 0), (3, 1), (2, 4), 5)
    check(resize(1, (1, 3), (flat, linear(3, 6)), S6), 1, 1, 2, 3, "logic")
    check(resize(2, (1, 1), (flat, flat), S6), 1, 1, 1, 2, "logic")


@pytest.mark.parametrize("queue_depth", [1, 2])
def test_a_short_queue_behind_holds_the_reader_back_as_predicted(queue_depth: int) -> None:
    check(image(linear, 1, (3, 3), (4, 5)), 1, 1, 2, 4, "logic", queue_depth=queue_depth)


def test_frames_follow_each_other_with_rows_that_do_not_divide_the_buffer() -> None:
    check(image(nearest, 1, (5, 2), (5, 4)), 1, 1, 1, 3, "logic", frames=6)
    check(image(linear, 1, (3, 2), (7, 3)), 1, 2, 1, 4, "logic", frames=6)


def pace(node: Node, folding: RowsFolding) -> float:
    network = Network()
    add_schedule(network, "resize", InterpolateKernel().schedule(node, folding))
    reads = network.run(12)[1]
    return (reads[-1, -1] - reads[5, -1]) / 6


@pytest.mark.parametrize(
    "node",
    [
        image(linear, 2, (4, 6), (8, 12)),
        image(linear, 2, (9, 6), (4, 3)),
        image(nearest, 2, (7, 5), (7, 5)),
        resize(2, (9,), (linear(9, 20),)),
    ],
)
def test_cycles_are_the_pace_of_the_beat_model(node: Node) -> None:
    kernel = InterpolateKernel()
    for folding in kernel.foldings(node, Target.named("generic")):
        assert 0 <= kernel.cycles(node, folding).worst - pace(node, folding) < 1, folding


def test_upsampling_gives_a_result_in_every_cycle() -> None:
    kernel = InterpolateKernel()
    node = image(nearest, 4, (8, 8), (16, 16))
    assert kernel.cycles(node, RowsFolding.of(2, 1, 1, 2, "logic")).worst == 16 * 16 * 2
    node = image(linear, 4, (8, 8), (16, 16))
    assert kernel.cycles(node, RowsFolding.of(2, 2, 2, 4, "logic")).worst == 16 * 16 * 2
    assert kernel.cycles(node, RowsFolding.of(2, 1, 1, 4, "logic")).worst == 4 * 16 * 16 * 2


def test_with_one_spare_row_a_linear_resize_waits_for_a_row_between_frames() -> None:
    node = image(linear, 4, (8, 8), (16, 16))
    assert InterpolateKernel().cycles(node, RowsFolding.of(2, 1, 1, 3, "logic")).worst == 4 * 16 * 16 * 2 + 8 * 2 + 4


def test_downsampling_takes_a_beat_in_every_cycle() -> None:
    node = image(nearest, 4, (16, 16), (8, 8))
    assert InterpolateKernel().cycles(node, RowsFolding.of(2, 1, 1, 2, "logic")).worst == 16 * 16 * 2


def test_foldings_offer_what_the_taps_and_the_multipliers_allow() -> None:
    kernel, target = InterpolateKernel(), Target.named("ecp5-25k")
    flat = kernel.foldings(image(nearest, 6, (2, 2), (4, 4)), target)
    assert {(f.lanes_out, f.rows, f.multiplier) for f in flat} == {
        (n, r, "logic") for n in (1, 2, 3, 6) for r in (2, 3)
    }
    small = kernel.foldings(image(linear, 1, (2, 2), (4, 4)), target)
    assert {(f.row_banks, f.column_banks, f.rows) for f in small} == {
        (1, 1, 3), (1, 1, 4), (1, 2, 3), (1, 2, 4), (2, 1, 4), (2, 2, 4)
    }  # fmt: skip
    assert {f.multiplier for f in small} == {"logic", "dsp"}
    for folding in small:
        area = kernel.area(image(linear, 1, (2, 2), (4, 4)), folding, target)
        assert area.luts > 0 and area.dsps == (folding.row_banks + 1 if folding.multiplier == "dsp" else 0)


def test_streams_are_channels_last() -> None:
    node = image(nearest, 2, (2, 2), (4, 4))
    folding = RowsFolding.of(1, 1, 1, 2, "logic")
    taken, result = InterpolateKernel().orders(node, folding, (Order.row_major((1, 2, 2, 2)),))
    assert taken == (Order.channels_last((1, 2, 2, 2)),) and result == Order.channels_last((1, 2, 4, 4))


def test_three_spatial_axes_are_refused() -> None:
    node = resize(1, (2, 2, 2), (nearest(2, 4),) * 3)
    with pytest.raises(UnsupportedOp, match="Interpolate 'resize'"):
        InterpolateKernel().foldings(node, Target.named("generic"))


def test_stages_with_different_specs_cannot_share_a_unit() -> None:
    kernel, node = InterpolateKernel(), image(nearest, 2, (2, 2), (4, 4))
    one, two = (kernel.spec(node, RowsFolding.of(lanes, 1, 1, 2, "logic")) for lanes in (1, 2))
    assert kernel.merge((one, one)) == one
    with pytest.raises(IllegalFolding):
        kernel.merge((one, two))


def test_the_golden_model_is_linear_interpolation() -> None:
    node = image(linear, 1, (3, 4), (7, 9), S6)
    x = np.random.default_rng(0).integers(-32, 31, (1, 1, 1, 3, 4))
    y = node.op.golden(x)[0, 0, 0] / node.op.denominator

    def at(positions: np.ndarray, n: int, m: int) -> np.ndarray:
        return np.clip((positions + 0.5) * n / m - 0.5, 0, n - 1)

    columns = np.array([np.interp(at(np.arange(9), 4, 9), np.arange(4), row) for row in x[0, 0, 0]])
    expected = np.array([np.interp(at(np.arange(7), 3, 7), np.arange(3), column) for column in columns.T]).T
    assert np.allclose(y, expected)
