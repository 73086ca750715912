# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.window.folding import ParallelFolding, SerialFolding
from hwgen.kernels.window.geometry import Geometry
from hwgen.kernels.window.kernel import WindowKernel
from hwgen.kernels.window.op import Window
from hwgen.kernels.window.ring import Ring
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel


def window(shape, kernel, strides=None, dilations=None, pads=None, x=IntRange(0, 255), fill=3) -> Node:
    ones, none = (1,) * len(kernel), ((0, 0),) * len(kernel)
    op = Window(kernel, strides or ones, dilations or ones, pads or none, fill)
    return Node(op, (Node(Input(TensorType(shape, x)), (), "x"),), "window")


WINDOWS = {
    "plain": window((1, 2, 4, 5), (3, 3)),
    "same": window((1, 2, 4, 4), (3, 3), pads=((1, 1), (1, 1))),
    "strided, padding widens the code": window(
        (1, 2, 7, 6), (3, 2), (2, 2), pads=((1, 0), (0, 1)), x=IntRange(-8, 7), fill=-9
    ),
    "signed fill on unsigned codes": window((1, 1, 3, 4), (2, 2), pads=((1, 0), (1, 0)), fill=-1),
    "dilated": window((1, 1, 5, 7), (2, 3), (1, 2), (2, 1), ((0, 2), (2, 2))),
    "dilated columns": window((1, 2, 4, 8), (2, 2), (1, 1), (1, 3), ((0, 0), (1, 0))),
    "stride beyond the kernel": window((1, 2, 7, 6), (2, 2), (3, 3)),
    "signal": window((1, 6, 5), (3,), pads=((1, 1),)),
    "dilated signal, cropped": window((1, 4, 9), (3,), (2,), (2,), ((-1, -1),)),
    "cropped": window((1, 2, 6, 6), (3, 3), pads=((-1, -1), (-1, 0))),
    "rows that no window needs": window((1, 2, 7, 5), (2, 2), (2, 2), pads=((0, -3), (0, -2))),
    "one position": window((1, 3, 3, 3), (3, 3)),
    "one channel": window((1, 1, 5, 5), (2, 2), (2, 2)),
    "padding wider than the window": window((1, 2, 2, 3), (2, 2), pads=((3, 0), (0, 3))),
    "padding on one side": window((1, 2, 4, 4), (2, 2), (1, 3), pads=((0, 3), (4, 0))),
    "padding and strides beyond the image": window((1, 2, 3, 4), (2, 2), (5, 3), pads=((4, 4), (4, 3))),
    "flat kernel": window((1, 2, 3, 5), (1, 3), pads=((0, 0), (1, 1))),
    "tall kernel": window((1, 2, 5, 3), (3, 1), (2, 1), pads=((1, 1), (0, 0))),
}
SINGLE_TAPS = {
    "subsampling": window((1, 4, 5, 6), (1, 1), (2, 3)),
    "padding": window((1, 2, 3, 4), (1, 1), pads=((1, 2), (2, 1))),
    "crop and padding": window((1, 2, 4, 4), (1, 1), pads=((-1, 2), (2, -1)), x=IntRange(-4, 3), fill=-4),
    "crop": window((1, 2, 5, 4), (1, 1), pads=((-2, -1), (0, -2))),
    "all": window((1, 2, 3), (1,)),
    "padded signal": window((1, 2, 3), (1,), (2,), pads=((3, 2),)),
}


def ring_of(node: Node, lanes: int, block_major: bool) -> Ring:
    geometry = Geometry.of(node)
    return Ring(geometry, geometry.channels // lanes, block_major)


@pytest.mark.parametrize("name", WINDOWS)
def test_the_serial_form_equals_golden_on_time_with_the_least_buffer(name: str) -> None:
    depth = ring_of(WINDOWS[name], 1, False).least_depth
    check_kernel(WindowKernel(), WINDOWS[name], SerialFolding.of(1, False, depth), frames=2)


@pytest.mark.parametrize("name", ["same", "strided, padding widens the code", "cropped", "signal"])
def test_the_serial_form_gives_all_taps_of_a_channel_block_before_the_next(name: str) -> None:
    depth = ring_of(WINDOWS[name], 1, True).depth
    check_kernel(WindowKernel(), WINDOWS[name], SerialFolding.of(1, True, depth), frames=2, queue_depth=3)


@pytest.mark.parametrize("name", WINDOWS)
def test_the_serial_form_takes_all_channels_in_a_beat_and_never_waits(name: str) -> None:
    channels = WINDOWS[name].src[0].type.shape[1]
    depth = ring_of(WINDOWS[name], channels, False).depth
    check_kernel(WindowKernel(), WINDOWS[name], SerialFolding.of(channels, False, depth))


@pytest.mark.parametrize("depth", [16, 23])
def test_buffers_of_any_depth_wrap(depth: int) -> None:
    check_kernel(WindowKernel(), WINDOWS["signal"], SerialFolding.of(3, True, depth), frames=6)


@pytest.mark.parametrize("name", [*WINDOWS, *SINGLE_TAPS])
def test_the_parallel_form_equals_golden_on_time(name: str) -> None:
    node = (WINDOWS | SINGLE_TAPS)[name]
    taps = Geometry.of(node).taps
    check_kernel(WindowKernel(), node, ParallelFolding.of(1, taps), queue_depth=8)


@pytest.mark.parametrize("lanes", [2, 3, 6])
def test_the_parallel_form_takes_several_channels_in_a_beat(lanes: int) -> None:
    check_kernel(WindowKernel(), WINDOWS["signal"], ParallelFolding.of(lanes, 3))


def test_every_lane_count_is_offered_in_both_orders() -> None:
    found = WindowKernel().foldings(WINDOWS["signal"], Target.named("ecp5-85k"))
    serial = {(f.lanes, f.block_major) for f in found if isinstance(f, SerialFolding)}
    assert serial == {(1, False), (1, True), (2, False), (2, True), (3, False), (3, True), (6, False)}
    assert {f.lanes for f in found if isinstance(f, ParallelFolding)} == {1, 2, 3, 6}


def test_a_window_of_one_tap_needs_no_buffer() -> None:
    found = WindowKernel().foldings(SINGLE_TAPS["subsampling"], Target.named("ecp5-85k"))
    assert {type(f) for f in found} == {ParallelFolding}


def test_a_line_too_short_for_its_memory_has_no_parallel_form() -> None:
    found = WindowKernel().foldings(window((1, 1, 9, 2), (3, 2)), Target.named("generic"))
    assert {type(f) for f in found} == {SerialFolding}


def test_a_window_over_three_axes_has_no_hardware() -> None:
    assert WindowKernel().foldings(window((1, 1, 4, 4, 4), (2, 2, 2)), Target.named("generic")) == ()


def test_two_different_windows_share_no_unit() -> None:
    kernel = WindowKernel()
    specs = [kernel.spec(WINDOWS[name], ParallelFolding.of(1, 9)) for name in ("plain", "same")]
    assert kernel.merge((specs[0], specs[0])) == specs[0]
    with pytest.raises(IllegalFolding, match="need different windows"):
        kernel.merge(tuple(specs))


def test_a_deeper_buffer_and_more_lanes_cost_more() -> None:
    target, node = Target.named("ecp5-85k"), window((1, 16, 56, 56), (3, 3), pads=((1, 1), (1, 1)))
    kernel = WindowKernel()
    small, deep = (kernel.area(node, SerialFolding.of(4, False, d), target) for d in (1024, 4096))
    assert (small.brams, deep.brams) == (2, 8)
    few, many = (kernel.area(node, ParallelFolding.of(lanes, 9), target) for lanes in (1, 8))
    assert few.ffs < many.ffs
