# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import pytest

from hwgen.passes.optimize import optimize
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.harness import check_design
from tests.models import assert_equal_to_oracle, lowered
from tests.onnx_frontend.lower.test_layers import net


@pytest.mark.parametrize(
    ("x", "y", "body", "constants"),
    [
        ("1,3,1", "1,3,5", "h = Expand(d, s)", "int64[3] s={1,3,5}"),
        ("1,1,3,1", "1,2,3,4", "h = Expand(d, s)", "int64[4] s={1,2,3,4}"),
        ("1,2,3", "1,4,9", "h = Tile(d, s)", "int64[3] s={1,2,3}"),
        ("1,8,2,3", "1,2,4,6", 'h = DepthToSpace<blocksize=2, mode="DCR">(d)', ""),
        ("1,8,2,3", "1,2,4,6", 'h = DepthToSpace<blocksize=2, mode="CRD">(d)', ""),
        ("1,2,4,6", "1,8,2,3", "h = SpaceToDepth<blocksize=2>(d)", ""),
    ],
)
def test_copies_and_blocks(x: str, y: str, body: str, constants: str) -> None:
    assert_equal_to_oracle(net(x, y, body, constants))


def test_frames_that_buffers_take_in_ahead_are_no_pace() -> None:
    """Each axis that is repeated has memories for two frames in front of it, so the first frames come in too fast."""
    text = "m (int8[2,2] x) => (int8[4,4] y) <int64[2] times = {2,2}> { y = Tile(x, times) }"
    graph = optimize(lowered(f'<ir_version: 8, opset_import: ["" : 17]> {text}'))
    plan = make_plan(graph, Target.named("generic"), Goal(Fraction(1000)))
    assert plan.timing.initiation_interval == plan.bottleneck.cycles.worst
    check_design(plan)
