# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from onnx_frontend.lower.blocks import find_blocks


def wide(rows: int, blocks: int, size: int) -> np.ndarray:
    rng = np.random.default_rng(1)
    inner = rng.integers(-7, 8, (rows, blocks, size))
    return (inner * rng.integers(1 << 20, 1 << 21, (rows, blocks, 1))).reshape(rows, -1)


def test_a_split_is_the_same_matrix():
    w = wide(3, 4, 8)
    found = find_blocks(w)
    assert found.inner.shape == (3, 4, 8)
    assert np.array_equal((found.inner * found.factors[:, :, np.newaxis]).reshape(3, -1), w)
    assert np.abs(found.inner).max() <= 7


def test_blocks_are_found_where_the_last_is_not_full():
    assert find_blocks(wide(3, 4, 8)[:, :28]).inner.shape == (3, 7, 4)


def test_narrow_weights_and_weights_without_common_factors_stay_whole():
    rng = np.random.default_rng(2)
    assert find_blocks(rng.integers(-1000, 1000, (4, 16))) is None
    assert find_blocks(rng.integers(1 << 20, 1 << 21, (4, 16)) | 1) is None


def test_a_row_of_zeros_is_no_obstacle():
    w = wide(3, 4, 8)
    w[1] = 0
    found = find_blocks(w)
    assert np.array_equal((found.inner * found.factors[:, :, np.newaxis]).reshape(3, -1), w)
