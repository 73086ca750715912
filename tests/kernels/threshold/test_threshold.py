# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.threshold.kernel import ThresholdKernel
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.range import IntRange
from hwgen.numerics.staircase import Staircase
from hwgen.targets import Target
from hwgen.testing import check_kernel

KERNEL = ThresholdKernel()
X = IntRange(-700, 900)


def staircase(seed: int, falls: bool = False, codes: int = 9) -> Staircase:
    """Uneven steps with jumps over codes."""
    rng = np.random.default_rng(seed)
    thresholds = np.sort(rng.choice(np.arange(X.lo + 1, X.hi + 1), codes, replace=False))
    values = np.cumsum(rng.integers(1, 4, codes + 1)) - 8
    return Staircase(X, tuple(map(int, thresholds)), tuple(map(int, -values if falls else values)))


def node(*steps: Staircase, shape: tuple[int, ...] = (1, 4, 3), x: IntRange = X) -> Node:
    return Node(Threshold(steps, 1, "test"), (Node(Input(TensorType(shape, x)), (), "x"),), "y")


NODES = {
    "one for all": node(staircase(0)),
    "falling": node(staircase(1, falls=True)),
    "per channel": node(*(staircase(k) for k in range(4))),
    "mixed directions": node(*(staircase(k, falls=k == 2) for k in range(4))),
    "a constant channel": node(staircase(0), Staircase.constant(X, 3), staircase(1), staircase(2)),
}


@pytest.mark.parametrize("name", NODES)
def test_the_unit_equals_golden_on_time(name):
    found = KERNEL.foldings(NODES[name], Target.named("ecp5-85k"))
    for folding in [f for f in found if f.lanes_out in (2, 4)][:2]:
        check_kernel(KERNEL, NODES[name], folding, frames=2)


def test_golden_is_the_staircase_of_each_channel():
    op = NODES["mixed directions"].op
    values = np.random.default_rng(0).integers(X.lo, X.hi + 1, (5, 1, 4, 3))
    result = op.golden(values)
    for k, steps in enumerate(op.steps):
        assert np.array_equal(result[:, :, k], steps.evaluate(values[:, :, k]))


def test_the_type_is_what_the_range_of_the_source_reaches():
    steps = Staircase(X, (-100, 0, 100), (0, 1, 2, 3))
    assert node(steps, x=IntRange(-50, 50)).type.range == IntRange(1, 2)


def test_tables_of_many_channels_may_live_in_block_ram():
    wide = node(*(staircase(k) for k in range(64)), shape=(1, 64, 2))
    memories = {f.memory for f in KERNEL.foldings(wide, Target.named("ecp5-85k"))}
    assert memories == {"logic", "block"}
    folding = next(
        f for f in KERNEL.foldings(wide, Target.named("ecp5-85k")) if f.memory == "block" and f.lanes_out == 2
    )
    check_kernel(KERNEL, wide, folding, frames=1)


def test_lanes_divide_the_channels_where_these_differ():
    target = Target.named("ecp5-85k")
    assert {f.lanes_out for f in KERNEL.foldings(NODES["per channel"], target)} == {1, 2, 4}
    assert {f.lanes_out for f in KERNEL.foldings(NODES["one for all"], target)} == {1, 2, 3, 4, 6, 12}


def test_as_many_staircases_as_channels_are_needed():
    with pytest.raises(ValueError, match="Threshold of 3 channels along axis 1"):
        _ = node(*(staircase(k) for k in range(3))).type
