# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.comparison.blocked_sums import largest_partial_sums, partial_sums_of
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange

UNIT = 2.0**-24


def products(rows: int, count: int, seed: int = 0) -> np.ndarray:
    """Products of a random activation and a random weight, exact in float32."""
    rng = np.random.default_rng(seed)
    return (rng.integers(-128, 128, (rows, count)) * rng.normal(0, 30, (rows, count)).round()).astype(np.float64)


def one_by_one(terms: np.ndarray) -> np.ndarray:
    total = np.zeros(len(terms), np.float32)
    for k in range(terms.shape[1]):
        total = total + terms[:, k].astype(np.float32)
    return total


def in_blocks(terms: np.ndarray, block: int) -> np.ndarray:
    parts = [one_by_one(terms[:, k : k + block]) for k in range(0, terms.shape[1], block)]
    return one_by_one(np.stack(parts, axis=1).astype(np.float64))


def in_lanes(terms: np.ndarray, lanes: int) -> np.ndarray:
    parts = [one_by_one(terms[:, k::lanes]) for k in range(lanes)]
    while len(parts) > 1:
        parts = [a + b for a, b in zip(parts[0::2], parts[1::2], strict=True)]
    return parts[0]


@pytest.mark.parametrize("count", [7, 144, 1000, 2304])
def test_float32_sums_in_every_order_stay_within_the_bound(count: int) -> None:
    terms = products(200, count) * np.float64(np.float32(0.0123))
    exact = terms.astype(np.float32).astype(np.float64).sum(axis=1)
    bound = UNIT * largest_partial_sums(terms.astype(np.float32).astype(np.float64)) * 1.0001 + 1e-12
    for found in (
        one_by_one(terms),
        in_blocks(terms, 32),
        in_blocks(terms, 128),
        in_lanes(terms, 8),
        in_lanes(terms, 64),
    ):
        assert np.all(np.abs(found.astype(np.float64) - exact) <= bound)


def test_the_bound_of_long_sums_is_far_below_that_of_the_worst_case() -> None:
    terms = products(50, 2304)
    assert (largest_partial_sums(terms) / np.abs(terms).sum(axis=1)).max() < 2304 / 10


def test_all_of_one_sign_is_the_worst_case() -> None:
    assert largest_partial_sums(np.ones((1, 10))) == [55]


def test_the_products_of_an_element_are_those_of_its_group_and_channel() -> None:
    x = Node(Input(TensorType((1, 6, 2), IntRange(0, 9))), (), "x")
    weights = np.arange(12).reshape(4, 3)
    node = Node(MatMul(1, 2), (x, Node(Constant(weights), (), "w")), "y")
    values = np.arange(24).reshape(2, 1, 6, 2)
    where = (np.array([1]), np.array([0]), np.array([2]), np.array([1]))
    wanted = (values[1, 0, 3:, 1] - 5.0) * weights[2]
    assert partial_sums_of(node, values, 5, where) == largest_partial_sums(wanted[np.newaxis])
