# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.encodings.compressed_rows.code import compress, decompress, list_length


def sparse(outputs: int, inputs: int, density: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.where(rng.random((outputs, inputs)) < density, rng.integers(-128, 128, (outputs, inputs)), 0)


@pytest.mark.parametrize("density", [0.0, 0.05, 0.3, 1.0])
@pytest.mark.parametrize("rows, simd, walkers", [(1, 1, 1), (1, 1, 4), (2, 4, 3), (12, 2, 1), (1, 8, 12)])
@pytest.mark.parametrize("bits", [1, 2, 5])
def test_decompressing_gives_the_same_matrix(density: float, rows: int, simd: int, walkers: int, bits: int) -> None:
    weights = sparse(12, 32, density)
    distances, values = compress(weights, rows, simd, walkers, bits)
    columns = 32 // simd
    np.testing.assert_array_equal(decompress(distances, values, 12 // rows, columns), weights)
    assert 0 <= distances.min() and distances.max() < 1 << bits
    kept = (weights.reshape(12 // rows, rows, columns, simd) != 0).any(axis=(1, 3))
    assert len(distances) == list_length(kept, walkers, bits)
    own_rows = (np.cumsum(distances + 1, axis=0) - 1) // columns
    for walker in range(walkers):
        assert set(own_rows[:, walker]) == set(range(12 // rows // walkers)), "a row without an entry would not end"


@pytest.mark.parametrize("sparsity, distance_bits, most_bits", [(0.80, 4, 12.5), (0.90, 5, 13.7), (0.95, 6, 14.8)])
def test_a_random_mask_costs_little_more_than_its_entropy(
    sparsity: float, distance_bits: int, most_bits: float
) -> None:
    """The entropy of the mask and 8 bits of weight are 11.6, 12.7 and 13.7 bits for each weight that is not zero."""
    weights = sparse(1024, 1024, 1 - sparsity)
    nonzeros = (weights != 0).sum()
    entries = 8 * list_length(weights != 0, 8, distance_bits)
    assert entries <= 1.10 * nonzeros
    assert entries * (8 + distance_bits) <= most_bits * nonzeros
