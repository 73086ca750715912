# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np

from hwgen.ir.evaluate import evaluate
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange
from onnx_frontend.host_boundary import host_boundary
from tests.models import Pair, assert_equal_to_oracle, lowered, parse, quantized

LAYER = """
<ir_version: 6, opset_import: ["" : 9]>
m (float[1,2,6] x) => (float[1,3,4] y)
<float[3,2,3] w = {1,-2,3,4,5,-6, 7,8,-9,1,2,3, -4,5,6,7,-8,9}, float[1,3,1] kappa = {37,-11,90},
 float[1,3,1] lamda = {-9000,4000,500}, int64[1] times = {55}, int64[1] by = {8191}>
{
  [conv] c = Conv<kernel_shape=[3]>(x, w)
  k = Mul(kappa, c)
  l = Add(k, lamda)
  i = Cast<to=7>(l)
  t = Mul(i, times)
  d = Div(t, by)
  f = Cast<to=1>(d)
  y = Clip<min=0.0, max=255.0>(f)
}"""
SIGNED = LAYER.replace("y = Clip<min=0.0, max=255.0>(f)", "y = Identity(f)")
RESIDUAL = """
<ir_version: 6, opset_import: ["" : 9]>
m (float[1,8] x) => (float[1,8] y)
<float a = {40}, float b = {64}, float down = {128}, int64[1] times = {54}, int64[1] by = {60}>
{
  r = Clip<min=9.0, max=99.0>(x)
  p = Mul(x, a)
  q = Mul(r, b)
  s = Add(p, q)
  v = Div(s, down)
  f = Floor(v)
  i = Cast<to=7>(f)
  t = Mul(i, times)
  d = Div(t, by)
  g = Cast<to=1>(d)
  y = Clip<min=0.0, max=200.0>(g)
}"""


def test_a_spelled_out_requantization_is_one_requantize():
    graph = lowered(LAYER)
    (rounded,) = [n.op for n in graph.nodes if isinstance(n.op, Requantize)]
    assert (rounded.rounding, rounded.out, len(rounded.ratio)) == ("down", IntRange(0, 255), 3)
    assert_equal_to_oracle(LAYER, 64)


def test_a_truncating_division_without_a_clip_rounds_towards_zero():
    result = assert_equal_to_oracle(SIGNED, 64)
    assert result.different == 0
    (rounded,) = [n for n in lowered(SIGNED).nodes if isinstance(n.op, Requantize)]
    assert rounded.type.range.lo < -1000


def test_a_residual_sum_and_both_of_its_divisions_are_exact():
    assert [n.tensor for n in assert_equal_to_oracle(RESIDUAL, 64).nodes] == ["r", "f", "y"]


def test_inputs_are_bytes_and_the_host_saturates_them():
    pair = Pair.of(LAYER)
    host = host_boundary(pair.quantized, pair.graph)
    frame = np.linspace(-20, 300, 12, dtype=np.float32).reshape(1, 1, 2, 6)
    (codes,) = host.to_codes({"x": frame}).values()
    assert (codes.min(), codes.max()) == (0, 255)
    whole = np.clip(np.rint(frame), 0, 255).astype(np.float32)
    ours = host.to_outputs(evaluate(pair.graph, host.to_codes({"x": whole})))["y"]
    assert np.array_equal(ours, pair.oracle.run({"x": whole}, ["y"])["y"])


def test_a_cast_of_fractions_cuts_them_off():
    text = LAYER.replace("{37,-11,90}", "{37.5,-11.25,90}")
    assert [n.op for n in quantized(text).nodes].count("QuantizeLinear") == 3
    assert_equal_to_oracle(text, 64)


def test_a_model_with_quantizers_is_not_taken_for_an_integerized_one():
    text = """
    m (float[1,4] x) => (float[1,4] y) <float s = {0.5}, int8 z = {0}, int64[1] n = {2}>
    { q = QuantizeLinear(x, s, z)
      d = DequantizeLinear(q, s, z)
      k = Shape(x)
      h = Div(k, n)
      y = Relu(d) }"""
    assert parse(text).graph.node[3].op_type == "Div"
    assert quantized(text).tensors["q"].quant.scale[0] * 2 == 1
