# SPDX-License-Identifier: Apache-2.0
"""Weights of a window as the few that are not zero and where they stood."""

from __future__ import annotations

import numpy as np


def pack(weights: np.ndarray, kept: int) -> tuple[np.ndarray, np.ndarray]:
    """(values, positions), each of shape ``(..., kept)``, of windows of weights ``(..., window)``.

    Free places hold the value 0 and the position 0. Raises ValueError where a window has more than `kept`.
    """
    if int((weights != 0).sum(axis=-1).max(initial=0)) > kept:
        raise ValueError(f"a window of {weights.shape[-1]} has more than {kept} weights that are not zero")
    order = np.argsort(weights == 0, axis=-1, kind="stable")[..., :kept]
    missing = kept - order.shape[-1]
    order = np.pad(order, [(0, 0)] * (order.ndim - 1) + [(0, missing)])
    values = np.take_along_axis(weights, order, axis=-1).astype(np.int64)
    values[..., kept - missing :] = 0
    return values, np.where(values != 0, order, 0)


def unpack(values: np.ndarray, positions: np.ndarray, window: int) -> np.ndarray:
    """The windows of weights ``(..., window)`` again."""
    places = positions[..., np.newaxis] == np.arange(window)
    return (values[..., np.newaxis] * places).sum(axis=-2)
