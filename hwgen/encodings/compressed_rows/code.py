# SPDX-License-Identifier: Apache-2.0
"""A sparse matrix as a list of the blocks that are not zero, each with its distance to the one before.

A matrix of ``(outputs, inputs)`` is cut into blocks of `rows` outputs by `simd` inputs. Walker w owns the block rows w,
w + walkers, ...; laid end to end they are one line, and a walker's list names places on it. A distance counts the places
skipped, and says where a row ends as well: that is where a list runs over the end of a row. Every row has an entry, every
distance fits into its bits, and all lists are equally long: entries of zeros make it so.
"""

from __future__ import annotations

import numpy as np


def list_length(kept: np.ndarray, walkers: int, distance_bits: int) -> int:
    """Entries of each list for a matrix whose blocks ``kept`` (block rows, columns) are not zero."""
    entered = kept.copy()
    entered[~kept.any(axis=1), 0] = True
    longest = 0
    for walker in range(walkers):
        gaps = np.diff(np.flatnonzero(entered[walker::walkers]), prepend=-1)
        longest = max(longest, int((-(-gaps >> distance_bits)).sum()))
    return longest


def compress(
    weights: np.ndarray, rows: int, simd: int, walkers: int, distance_bits: int
) -> tuple[np.ndarray, np.ndarray]:
    """(distances, values) of a matrix ``(outputs, inputs)``: shapes (entries, walkers) and (entries, walkers, rows, simd)."""
    outputs, inputs = weights.shape
    blocks = weights.reshape(outputs // rows, rows, inputs // simd, simd).transpose(0, 2, 1, 3)
    kept = (blocks != 0).any(axis=(2, 3))
    length = list_length(kept, walkers, distance_bits)
    distances, values = [], []
    for walker in range(walkers):
        places = _places(kept[walker::walkers], length, distance_bits)
        distances.append(np.diff(places, prepend=-1) - 1)
        values.append(blocks[walker::walkers].reshape(-1, rows, simd)[places])
    return np.stack(distances, axis=1), np.stack(values, axis=1)


def decompress(distances: np.ndarray, values: np.ndarray, block_rows: int, columns: int) -> np.ndarray:
    """The matrix of so many block rows and columns of blocks again."""
    _, walkers, rows, simd = values.shape
    blocks = np.zeros((block_rows, columns, rows, simd), np.int64)
    for walker in range(walkers):
        own = np.zeros((block_rows // walkers * columns, rows, simd), np.int64)
        own[np.cumsum(distances[:, walker] + 1) - 1] = values[:, walker]
        blocks[walker::walkers] = own.reshape(-1, columns, rows, simd)
    return blocks.transpose(0, 2, 1, 3).reshape(block_rows * rows, columns * simd)


def _places(kept: np.ndarray, length: int, distance_bits: int) -> np.ndarray:
    """Places of a walker's entries on its line."""
    entered = kept.copy()
    entered[~kept.any(axis=1), 0] = True
    line, reach = entered.ravel(), 1 << distance_bits
    at = -1
    for place in np.flatnonzero(line).tolist():
        line[at + reach : place : reach] = True
        at = place
    line[np.flatnonzero(~line)[: length - int(line.sum())]] = True
    return np.flatnonzero(line)
