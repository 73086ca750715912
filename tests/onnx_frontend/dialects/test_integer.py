# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import UnsupportedOp
from tests.models import assert_equal_to_oracle, lowered, quantized

MATMUL = """
g (float[1,4] x) => (uint8[1,3] y)
<float sx = {{0.5}}, {kind} zx = {{{zx}}}, {weights}[4,3] w = {{1,2,3,4,5,6,7,8,9,10,11,120}}, {weights}{shape} zw = {{{zw}}},
 float[3] s = {{0.01, 0.02, 0.03}}, float[3] b = {{1.5, -2.25, 0.125}}, float sy = {{0.25}}, uint8 zy = {{3}}>
{{
  q = QuantizeLinear(x, sx, zx)
  [product] acc = MatMulInteger(q, w, zx, zw)
  real = Cast<to = 1>(acc)
  scaled = Mul(real, s)
  [bias] sum = Add(scaled, b)
  [relu] r = Relu(sum)
  y = QuantizeLinear(r, sy, zy)
}}
"""
CONV = """
g (uint8[1,2,5,5] x) => (uint8[1,2,3,3] y)
<uint8 zx = {9}, int8[2,2,3,3] w = {1,-2,3,-4,5,-6,7,-8,9,1,-2,3,-4,5,-6,7,-8,9,9,8,7,6,5,4,3,2,1,-9,-8,-7,-6,-5,-4,-3,-2,-1},
 int8 zw = {2}, float s = {0.01}, float sy = {0.25}, uint8 zy = {100}>
{
  acc = ConvInteger<pads = [1,1,1,1], strides = [2,2]>(x, w, zx, zw)
  real = Cast<to = 1>(acc)
  scaled = Mul(real, s)
  y = QuantizeLinear(scaled, sy, zy)
}
"""
FORMS = {
    "u8s8": {"kind": "uint8", "zx": 7, "weights": "int8", "shape": "", "zw": -3},
    "s8s8": {"kind": "int8", "zx": -7, "weights": "int8", "shape": "", "zw": 0},
    "u8u8 per column": {"kind": "uint8", "zx": 7, "weights": "uint8", "shape": "[3]", "zw": "1, 2, 130"},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_float_operators_behind_an_integer_product_join_one_rounding(form):
    text = MATMUL.format(**FORMS[form])
    assert [n.op.name for n in lowered(text).nodes] == ["Input", "Constant", "MatMul", "Requantize"]
    assert_equal_to_oracle(text, 200)


def test_a_padded_convolution_pads_with_the_zero_point():
    assert_equal_to_oracle(CONV, 50)


def test_a_missing_zero_point_is_zero():
    text = CONV.replace("(x, w, zx, zw)", "(x, w)")
    assert {t.quant.zero_point for t in quantized(text).tensors.values() if t.quant and t.name != "y"} == {(0,)}
    assert_equal_to_oracle(text, 50)


def test_a_last_product_leaves_its_exact_sums_to_the_host():
    text = MATMUL.format(**FORMS["u8s8"]).replace("y = QuantizeLinear(r, sy, zy)", "y = Identity(r)")
    graph = lowered(text.replace("=> (uint8", "=> (float"))
    assert [n.op.name for n in graph.nodes] == ["Input", "Constant", "MatMul"]


def test_dynamic_quantization_is_refused_once_with_the_way_out():
    text = """
    g (float[1,4] x) => (float[1,2] y) <int8[4,2] w = {1,2,3,4,5,6,7,8}, float s = {0.1}>
    {
      q, sx, zx = DynamicQuantizeLinear(x)
      acc = MatMulInteger(q, w, zx)
      real = Cast<to = 1>(acc)
      scale = Mul(sx, s)
      y = Mul(real, scale)
    }"""
    with pytest.raises(UnsupportedOp, match="quantize statically") as error:
        lowered(text)
    assert [b.op for b in error.value.blockers] == ["DynamicQuantizeLinear"]
