# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwgen.encodings.window_positions.code import pack, unpack

WINDOWS = st.integers(1, 16).flatmap(lambda n: arrays(np.int64, (3, 2, n), elements=st.integers(-4, 4)))


@given(WINDOWS, st.integers(0, 3))
def test_unpacking_gives_the_same_weights(weights: np.ndarray, more: int) -> None:
    kept = int((weights != 0).sum(axis=-1).max()) + more
    values, positions = pack(weights, kept)
    assert values.shape == positions.shape == (3, 2, kept)
    np.testing.assert_array_equal(unpack(values, positions, weights.shape[-1]), weights)


def test_weights_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="more than 2"):
        pack(np.array([[1, 0, 2, 3]]), 2)
