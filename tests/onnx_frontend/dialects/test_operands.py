# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import UnsupportedOp
from tests.models import quantized

MATMUL = """
<ir_version: 8, opset_import: ["": 13]>
g (uint8[1,2] x) => (uint8[1,3] y)
<float sx = {0.5}, uint8 zx = {7}, int8[2,3] w = {1,2,3,4,5,6}, float[3] sw = {0.1,0.2,0.3}, int8[3] zw = {0,1,2}, float sy = {0.25}, uint8 zy = {9}>
{ [product] y = QLinearMatMul(x, sx, zx, w, sw, zw, sy, zy) }
"""


def refusal(text: str) -> str:
    with pytest.raises(UnsupportedOp) as error:
        quantized(text)
    (blocker,) = error.value.blockers
    assert "product" in blocker.where
    return f"{blocker.what}: {blocker.found}"


def test_weights_have_one_scale_and_zero_point_or_one_a_column():
    (weights,) = [t for t in quantized(MATMUL).tensors.values() if t.is_constant and t.quant and t.shape == (2, 3)]
    assert (weights.quant.axis, weights.quant.zero_point) == (1, (0, 1, 2))


def test_other_numbers_of_scales_are_refused():
    text = MATMUL.replace("float[3] sw = {0.1,0.2,0.3}", "float[2] sw = {0.1,0.2}")
    assert refusal(text) == "its scales do not fit the tensor: 2 scales and 3 zero points"


def test_a_scale_per_channel_of_an_activation_is_refused():
    text = MATMUL.replace("float sx = {0.5}", "float[2] sx = {0.5, 0.25}")
    assert refusal(text) == "its scales do not fit the tensor: 2 scales and 1 zero points"


def test_a_scale_that_is_not_above_zero_is_refused():
    assert refusal(MATMUL.replace("sy = {0.25}", "sy = {0.0}")) == "its scale is no positive number: [0.]"
