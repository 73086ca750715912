# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.ir.tap import Observation, observe
from hwgen.numerics.range import IntRange
from tests.models import DENSE, lowered


def test_ranges_and_zeros_are_counted_over_all_pieces():
    graph = lowered(DENSE)
    codes = np.zeros((7, 1, 4), np.int8)
    codes[3, 0, :] = (5, -6, 0, 0)
    seen = observe(graph, {"x": codes})
    assert seen["x"] == Observation(IntRange(-6, 5), 26, 28)
    assert set(seen) == {"x", "dense_matmul", "dense"}
    assert all(seen[name].range in graph[name].type.range for name in seen)
