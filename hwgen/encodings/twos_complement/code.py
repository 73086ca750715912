# SPDX-License-Identifier: Apache-2.0
"""Two's complement of any width, packed without waste."""

from __future__ import annotations

import numpy as np


def encode(values: np.ndarray, bits: int) -> list[int]:
    """Words of a memory: `values` of shape (depth, lanes), lane 0 in the low bits of each word.

    Raises ValueError where a value does not fit into `bits` as a signed or as an unsigned number.
    """
    values = np.asarray(values)
    wide = values.astype(np.int64)
    if values.size and (int(wide.min()) < -(1 << (bits - 1)) or int(wide.max()) >= 1 << bits):
        raise ValueError(f"values in [{wide.min()}, {wide.max()}] do not fit into {bits} bits")
    depth, lanes = wide.shape
    planes = (wide[:, :, np.newaxis] >> np.arange(bits)) & 1
    packed = np.packbits(planes.reshape(depth, lanes * bits).astype(np.uint8), axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]


def decode(words: list[int], bits: int, lanes: int, signed: bool) -> np.ndarray:
    """The exact inverse of `encode`, shape (depth, lanes)."""
    stride = (bits * lanes + 7) // 8
    raw = np.frombuffer(b"".join(word.to_bytes(stride, "little") for word in words), np.uint8).reshape(-1, stride)
    planes = np.unpackbits(raw, axis=1, count=bits * lanes, bitorder="little").reshape(-1, lanes, bits)
    weights = 1 << np.arange(bits, dtype=np.int64)
    if signed:
        weights[-1] = -weights[-1]
    return planes.astype(np.int64) @ weights
