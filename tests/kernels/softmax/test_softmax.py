# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from scipy.special import softmax

from hwgen.errors import IllegalFolding
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.softmax.folding import ThreePassFolding
from hwgen.kernels.softmax.kernel import SoftmaxKernel
from hwgen.kernels.softmax.op import Softmax, fraction_bits
from hwgen.numerics.range import IntRange
from hwgen.testing import check_kernel

KERNEL = SoftmaxKernel()
BYTE, SIGNED = IntRange(0, 255), IntRange(-128, 127)


def node(shape=(1, 12), axis=1, scale=Fraction(1, 10), ratio=Fraction(256), zero=-128, out=SIGNED, x=SIGNED) -> Node:
    op = Softmax(axis, scale, ratio, zero, out, fraction_bits(shape[axis], ratio))
    return Node(op, (Node(Input(TensorType(shape, x)), (), "x"),), "softmax")


def rows_of(length: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random, narrow, one-hot, flat and rising rows of int8 codes."""
    kinds = [
        rng.integers(-128, 128, (count, length)),
        np.clip(np.rint(rng.normal(0, 20, (count, length))), -128, 127),
        np.where(np.arange(length) == rng.integers(0, length, (count, 1)), 127, -128),
        np.full((1, length), 7),
        np.linspace(-128, 127, length).astype(int)[None],
    ]
    return np.concatenate(kinds).astype(np.int64)


@pytest.mark.parametrize("ratio", [Fraction(256), 1 / Fraction(float(np.float32(1 / 255)))], ids=["256", "255"])
@pytest.mark.parametrize("scale", [Fraction(1, 16), Fraction(1, 20), Fraction(1, 4)], ids=str)
@pytest.mark.parametrize("length", [4, 64, 1024, 4096])
def test_the_golden_model_is_the_rounded_real_softmax(length: int, scale: Fraction, ratio: Fraction) -> None:
    op = Softmax(0, scale, ratio, 0, BYTE, fraction_bits(length, ratio))
    codes = rows_of(length, 4096 // length + 4, np.random.default_rng(length))
    ideal = softmax(codes * float(scale), axis=1) * float(ratio)
    ours = op.golden(codes)
    assert np.abs(ours - np.clip(ideal, 0, 255)).max() <= 0.51
    assert np.mean(ours != np.clip(np.rint(ideal), 0, 255)) <= 1e-5


def test_a_flat_row_rounds_its_tie_to_even() -> None:
    op = node((1, 512), zero=0, out=BYTE).op
    assert op.golden(np.zeros((1, 1, 512), np.int64)).max() == 0
    assert replace(op, ratio=Fraction(768)).golden(np.zeros((1, 1, 512), np.int64)).max() == 2


def test_longer_rows_get_more_bits() -> None:
    assert [fraction_bits(n, Fraction(256)) for n in (10, 1000, 4096, 65536)] == [24, 24, 26, 30]


@pytest.mark.parametrize("lanes, memory", [(1, "block"), (2, "logic"), (3, "block"), (4, "logic"), (12, "block")])
def test_three_passes_equal_the_golden_model(lanes: int, memory: str) -> None:
    check_kernel(KERNEL, node((2, 12)), ThreePassFolding.of(lanes, memory), frames=4)


@pytest.mark.parametrize("x", [IntRange(0, 255), IntRange(-3, 12), IntRange(5, 5)], ids=str)
@pytest.mark.parametrize("out, zero", [(BYTE, 0), (SIGNED, -128), (IntRange(-8, 7), -8), (IntRange(0, 65535), 3)])
def test_any_grids_in_and_out(x: IntRange, out: IntRange, zero: int) -> None:
    ratio = Fraction(out.size) if out.size > 16 else Fraction(31, 2)
    check_kernel(KERNEL, node((3, 6), x=x, out=out, zero=zero, ratio=ratio), ThreePassFolding.of(2, "block"))


@pytest.mark.parametrize("shape, axis", [((1, 1), 1), ((2, 1), 1), ((1, 2), 1), ((5, 2), 0), ((2, 3, 4), 1)])
def test_rows_of_any_length_on_any_axis(shape: tuple[int, ...], axis: int) -> None:
    check_kernel(KERNEL, node(shape, axis), ThreePassFolding.of(1, "logic"))


def test_rows_may_come_in_any_order() -> None:
    softmax_node = node((2, 3, 4), 2)
    swapped = Order.of_axes((2, 3, 4), (1, 0, 2))
    assert KERNEL.orders(softmax_node, ThreePassFolding.of(2, "block"), (swapped,)) == ((swapped,), swapped)
    check_kernel(KERNEL, softmax_node, ThreePassFolding.of(2, "block"), given=(swapped,))


def test_two_different_rows_share_no_unit() -> None:
    specs = tuple(KERNEL.spec(node((1, n)), ThreePassFolding.of(1, "block")) for n in (4, 8))
    assert KERNEL.merge((specs[0], specs[0])) == specs[0]
    with pytest.raises(IllegalFolding, match="need different units"):
        KERNEL.merge(specs)
