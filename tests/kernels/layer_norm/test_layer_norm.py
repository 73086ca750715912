# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.layer_norm.folding import TwoPassFolding
from hwgen.kernels.layer_norm.kernel import LayerNormKernel
from hwgen.kernels.layer_norm.op import LayerNorm, RealNorm
from hwgen.numerics.range import IntRange
from hwgen.plan.beats import Network
from hwgen.plan.timing import add_schedule
from hwgen.testing import check_kernel
from tests.kernels.layer_norm.nodes import BYTE, EPSILON, SCALE, SIGNED, STEP, node

KERNEL = LayerNormKernel()


@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
@pytest.mark.parametrize("lanes, multiplier", [(1, "dsp"), (2, "lut"), (3, "dsp"), (4, "lut"), (12, "dsp")])
def test_two_passes_equal_the_golden_model(lanes: int, multiplier: str, centered: bool) -> None:
    check_kernel(KERNEL, node((2, 12), centered=centered), TwoPassFolding.of(lanes, multiplier), frames=4)


@pytest.mark.parametrize("x", [BYTE, IntRange(-3, 12), IntRange(0, 9), IntRange(5, 5)], ids=str)
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
@pytest.mark.parametrize("out, zero", [(BYTE, 128), (SIGNED, -7), (IntRange(-8, 7), 0), (IntRange(0, 65535), 3)])
def test_any_grids_in_and_out(x: IntRange, out: IntRange, zero: int, centered: bool) -> None:
    layer = node((3, 6), centered=centered, x=x, out=out, zero=zero, x_zero=128 if x == BYTE else 4)
    check_kernel(KERNEL, layer, TwoPassFolding.of(2, "dsp"))


@pytest.mark.parametrize("shape, axis", [((1, 1), 1), ((2, 1), 1), ((1, 2), 1), ((5, 3), 0), ((2, 6, 4), 1)])
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_rows_of_any_length_on_any_axis(shape: tuple[int, ...], axis: int, centered: bool) -> None:
    check_kernel(KERNEL, node(shape, axis, centered), TwoPassFolding.of(1, "dsp"))


@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_long_rows_with_one_gain_for_all_elements(centered: bool) -> None:
    layer = node((3, 100), centered=centered, uniform=True, x=IntRange(-128, 20))
    spec = KERNEL.spec(layer, TwoPassFolding.of(2, "dsp"))
    assert spec.roots == 1 and None not in (spec.gain, spec.bias)
    check_kernel(KERNEL, layer, TwoPassFolding.of(2, "dsp"), frames=4)


@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_an_epsilon_as_large_as_the_variance(centered: bool) -> None:
    layer = node((2, 12), centered=centered, epsilon=Fraction(7))
    spec = KERNEL.spec(layer, TwoPassFolding.of(3, "dsp"))
    assert spec.epsilon >> spec.epsilon_bits > 0
    check_kernel(KERNEL, layer, TwoPassFolding.of(3, "dsp"))


@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_operands_of_more_than_one_multiplier(centered: bool) -> None:
    layer = node((2, 12), centered=centered, error=Fraction(1, 1 << 24))
    assert KERNEL.spec(layer, TwoPassFolding.of(3, "dsp")).root.bits > 30
    check_kernel(KERNEL, layer, TwoPassFolding.of(3, "dsp"))


@pytest.mark.parametrize("zero", [-4, 5])
def test_flat_rows_of_biases_that_are_ties(zero: int) -> None:
    kind = TensorType((1, 12), SIGNED)
    biases = [Fraction(k, 2) for k in range(-6, 6)]
    op = LayerNorm.of_reals(kind, RealNorm(1, True, SCALE, 0, EPSILON, [STEP], biases), zero, SIGNED)
    check_kernel(KERNEL, Node(op, (Node(Input(kind), (), "x"),), "norm"), TwoPassFolding.of(3, "dsp"))


def test_rows_may_come_in_any_order() -> None:
    layer, folding = node((2, 3, 4), 2), TwoPassFolding.of(2, "dsp")
    swapped = Order.of_axes((2, 3, 4), (1, 0, 2))
    assert KERNEL.orders(layer, folding, (swapped,)) == ((swapped,), swapped)
    check_kernel(KERNEL, layer, folding, given=(swapped,))


def test_short_rows_have_as_many_roots_as_keep_every_cycle_busy() -> None:
    specs = [KERNEL.spec(node((1, 64)), TwoPassFolding.of(lanes, "dsp")) for lanes in (1, 2, 4, 16)]
    assert [s.roots for s in specs] == [-(-s.root.latency // s.beats) for s in specs]
    assert [s.roots for s in specs] == [1, 1, 2, 7]


@pytest.mark.parametrize("row, lanes", [(12, 1), (12, 4), (12, 12), (64, 1), (64, 16)])
@pytest.mark.parametrize("centered", [True, False], ids=["layer_norm", "rms_norm"])
def test_a_beat_goes_in_in_every_cycle(row: int, lanes: int, centered: bool) -> None:
    network = Network()
    processes = add_schedule(
        network, "norm", KERNEL.schedule(node((3, row), centered=centered), TwoPassFolding.of(lanes, "dsp"))
    )
    times = network.run(20)
    assert all((np.diff(times[process].ravel()) == 1).all() for process in processes)


def test_two_different_rows_share_no_unit() -> None:
    specs = tuple(KERNEL.spec(node((1, n)), TwoPassFolding.of(1, "dsp")) for n in (4, 8))
    assert KERNEL.merge((specs[0], specs[0])) == specs[0]
    with pytest.raises(IllegalFolding, match="need different units"):
        KERNEL.merge(specs)
