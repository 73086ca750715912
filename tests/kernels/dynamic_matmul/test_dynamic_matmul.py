# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.dynamic_matmul.folding import BufferedFolding, orders
from hwgen.kernels.dynamic_matmul.kernel import DynamicMatMulKernel
from hwgen.kernels.dynamic_matmul.op import DynamicMatMul
from hwgen.numerics.range import IntRange
from hwgen.targets import Target
from hwgen.testing import check_kernel
from tests.kernels.matmul.mapped import mapped_unit

KERNEL = DynamicMatMulKernel()
INT8, UINT8 = IntRange(-128, 127), IntRange(0, 255)


def node(a=(2, 3, 4), b=(2, 4, 6), ranges=(INT8, INT8), zeros=(3, -5)) -> Node:
    sources = tuple(
        Node(Input(TensorType(shape, r)), (), name) for shape, r, name in zip((a, b), ranges, "ab", strict=True)
    )
    return Node(DynamicMatMul(*zeros), sources, "product")


def test_the_golden_model_is_the_product_in_whole_numbers() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(-128, 128, (5, 2, 3, 4)), rng.integers(-128, 128, (5, 2, 4, 6))
    ours = node().op.golden(a, b)
    for s, h, m, n in np.ndindex(ours.shape):
        assert ours[s, h, m, n] == sum((int(a[s, h, m, k]) - 3) * (int(b[s, h, k, n]) + 5) for k in range(4))


def test_numbers_too_wide_for_a_float_stay_exact() -> None:
    wide = np.array([[[(1 << 31) - 1, 1]]])
    assert DynamicMatMul(0, 0).golden(wide, wide.transpose(0, 2, 1)).item() == ((1 << 31) - 1) ** 2 + 1


@pytest.mark.parametrize("ranges", [(INT8, UINT8), (IntRange(2, 9), IntRange(-7, -3))], ids=str)
def test_the_range_is_reached_at_both_ends(ranges: tuple[IntRange, IntRange]) -> None:
    product = node((2, 3), (3, 1), ranges, (1, 2))
    ends = [(x, y) for x in (ranges[0].lo, ranges[0].hi) for y in (ranges[1].lo, ranges[1].hi)]
    values = [product.op.golden(np.full((1, 2, 3), x), np.full((1, 3, 1), y)) for x, y in ends]
    assert IntRange.of_array(np.array(values)) == product.type.range


@pytest.mark.parametrize("shapes", [((2, 3), (4, 5)), ((2, 3, 4), (1, 4, 5)), ((3,), (3,))], ids=str)
def test_shapes_that_do_not_fit_are_refused(shapes: tuple[tuple[int, ...], ...]) -> None:
    with pytest.raises(ValueError, match="cannot multiply"):
        _ = node(*shapes).type


@pytest.mark.parametrize("inner", ["k", "n"])
@pytest.mark.parametrize("pe, simd", [(1, 1), (2, 1), (1, 2), (3, 2), (6, 1), (2, 4), (6, 4)])
def test_products_equal_golden_on_time(pe: int, simd: int, inner: str) -> None:
    check_kernel(KERNEL, node(), BufferedFolding.of(pe, simd, inner), frames=5)


@pytest.mark.parametrize(
    "ranges, zeros",
    [((UINT8, UINT8), (128, 7)), ((UINT8, INT8), (0, 0)), ((IntRange(0, 3), IntRange(-70000, 900)), (0, 5))],
    ids=str,
)
def test_any_grids(ranges: tuple[IntRange, IntRange], zeros: tuple[int, int]) -> None:
    check_kernel(KERNEL, node(ranges=ranges, zeros=zeros), BufferedFolding.of(2, 2, "n"), frames=4)


@pytest.mark.parametrize("a, b", [((1, 1), (1, 1)), ((5, 1), (1, 3)), ((1, 7), (7, 1)), ((2, 2, 3, 4), (2, 2, 4, 2))])
@pytest.mark.parametrize("inner", ["k", "n"])
def test_any_extents(a: tuple[int, ...], b: tuple[int, ...], inner: str) -> None:
    check_kernel(KERNEL, node(a, b), BufferedFolding.of(1, 1, inner), frames=4)


def test_few_rows_wait_for_the_memory_to_be_filled() -> None:
    check_kernel(KERNEL, node((1, 4), (4, 6)), BufferedFolding.of(6, 4, "k"), frames=5)


def test_a_queue_of_one_beat_slows_it_down_as_predicted() -> None:
    check_kernel(KERNEL, node(), BufferedFolding.of(3, 2, "k"), queue_depth=1)


TOKENS, HEADS, SIZE = 4, 2, 6


@pytest.mark.parametrize("pe, simd", [(1, 1), (2, 3), (4, 6)])
def test_scores_of_split_heads_need_no_reorder(pe: int, simd: int) -> None:
    """Queries and keys come token by token, all heads of a token together."""
    scores = node((HEADS, TOKENS, SIZE), (HEADS, SIZE, TOKENS))
    queries = Order.of_axes((HEADS, TOKENS, SIZE), (1, 0, 2))
    keys = Order.of_axes((HEADS, SIZE, TOKENS), (2, 0, 1))
    folding = BufferedFolding.of(pe, simd, "k")
    taken, order = orders(scores, folding, (queries, keys))
    assert taken == (queries, keys)
    assert order == Order.of_axes((HEADS, TOKENS, TOKENS), (1, 0, 2))
    check_kernel(KERNEL, scores, folding, frames=4, given=(queries, keys))


@pytest.mark.parametrize("pe, simd", [(1, 1), (3, 2), (6, 4)])
def test_heads_are_merged_without_a_reorder(pe: int, simd: int) -> None:
    """Values come token by token; the result is what the layer behind reads, token by token."""
    mixed = node((HEADS, TOKENS, TOKENS), (HEADS, TOKENS, SIZE))
    rows = Order.of_axes((HEADS, TOKENS, TOKENS), (1, 0, 2))
    values = Order.of_axes((HEADS, TOKENS, SIZE), (1, 0, 2))
    folding = BufferedFolding.of(pe, simd, "n")
    taken, order = orders(mixed, folding, (rows, values))
    assert taken == (rows, values)
    assert order.transposed((HEADS, TOKENS, SIZE), (1, 0, 2)) == Order.row_major((TOKENS, HEADS, SIZE))
    check_kernel(KERNEL, mixed, folding, frames=4, given=(rows, values))


def test_orders_that_tear_beats_apart_are_not_taken() -> None:
    product = node()
    rows = Order.row_major(product.src[0].type.shape)
    columns, across = (Order.of_axes(product.src[1].type.shape, axes) for axes in ((0, 2, 1), (0, 1, 2)))
    assert orders(product, BufferedFolding.of(2, 2, "k"), (rows, across))[0][1] == columns
    assert orders(product, BufferedFolding.of(2, 2, "n"), (rows, columns))[0][1] == across
    turned = Order.of_axes(product.src[0].type.shape, (0, 2, 1))
    assert orders(product, BufferedFolding.of(2, 2, "k"), (turned, columns))[0][0] == rows


def test_the_area_is_predicted_within_15_percent(tmp_path: Path) -> None:
    heads, folding = node((4, 16, 16), (4, 16, 16)), BufferedFolding.of(4, 4, "k")
    law = KERNEL.area(heads, folding, Target.named("ecp5-85k"))
    found = mapped_unit(heads, folding, "ecp5-85k", tmp_path, place=True)
    assert (law.dsps, law.brams) == (found.dsps, found.brams) == (16, 4)
    assert abs(law.luts - found.luts) <= 0.15 * found.luts
    assert abs(law.ffs - found.ffs) <= 0.15 * found.ffs
