# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.emit.stimulus import default_inputs
from hwgen.ir.graph import Graph, Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.numerics.range import IntRange

X = Node(Input(TensorType((1, 64), IntRange(-7, 100))), (), "x")
GRAPH = Graph((X,), {"x": X})


def test_corners_come_first_and_then_codes_of_the_whole_range() -> None:
    codes = default_inputs(GRAPH, 6, seed=1, zero_points={"x": 5})["x"]
    assert codes.shape == (6, 1, 64)
    assert [set(np.unique(codes[k])) for k in range(3)] == [{-7}, {100}, {5}]
    assert codes[3:].min() < 0 < 90 < codes[3:].max()


def test_a_single_sample_is_random_and_the_seed_decides_it() -> None:
    one, same, other = (default_inputs(GRAPH, 1, seed)["x"] for seed in (1, 1, 2))
    assert np.array_equal(one, same) and not np.array_equal(one, other)
    assert len(np.unique(one)) > 10
