# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from tests.models import assert_equal_to_oracle
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
