# SPDX-License-Identifier: Apache-2.0
"""What exporters write, in short: each form equals onnxruntime, certified ties apart."""

from __future__ import annotations

import pytest

from tests.models import assert_equal_to_oracle, lowered
from tests.static_nets import attention, convolutions, perceptron, quantize

FORMS = {
    "torch ao with float biases": """<ir_version: 8, opset_import: ["" : 17]>
    m (float[1,8] x) => (float[1,3] y) {
     s = Constant<value = float {0.05}>()
     zb = Constant<value = int64[1] {1}>()
     z0 = ConstantOfShape<value = int8[1] {3}>(zb)
     zs = Squeeze(z0)
     z = Cast<to=3>(zs)
     q = QuantizeLinear(x, s, z)
     qc = Cast<to=3>(q)
     d = DequantizeLinear(qc, s, z)
     w = Constant<value = int8[4,8] {1,2,3,4,5,6,7,8,-1,-2,-3,-4,-5,-6,-7,-8,9,8,7,6,5,4,3,2,1,-1,2,-2,3,-3,4,-4}>()
     sw = Constant<value = float[4] {0.01,0.02,0.03,0.04}>()
     zw = Constant<value = int8[4] {0,0,0,0}>()
     wd = DequantizeLinear<axis=0>(w, sw, zw)
     b = Constant<value = float[4] {0.1,0.2,-0.3,0.05}>()
     g = Gemm<transB=1>(d, wd, b)
     r = Relu(g)
     s2 = Constant<value = float {0.011}>()
     z2 = Constant<value = uint8 {0}>()
     q2 = QuantizeLinear(r, s2, z2)
     d2 = DequantizeLinear(q2, s2, z2)
     w2 = Constant<value = int8[3,4] {1,2,3,4,5,6,7,8,-1,-2,-3,-4}>()
     sw2 = Constant<value = float[3] {0.01,0.02,0.03}>()
     zw2 = Constant<value = int8[3] {0,0,0}>()
     w2d = DequantizeLinear<axis=0>(w2, sw2, zw2)
     w2t = Transpose<perm=[1,0]>(w2d)
     b2 = Constant<value = float[3] {0.1,0.2,-0.3}>()
     h = MatMul(d2, w2t)
     y = Add(h, b2)
    }""",
    "qcdq with a residual of one scale": """<ir_version: 7, opset_import: ["" : 13]>
    m (float[1,2,4,4] x) => (float[1,2,4,4] y)
    <float s={0.1}, int8 z={0}, int8 lo={-8}, int8 hi={7}, uint8 uz={0}, uint8 ulo={0}, uint8 uhi={15}, float us={0.07},
     int8[2,2,3,3] w={1,2,3,-4,5,6,-7,1,2,3,-4,5,6,-7,1,2,3,-4,5,6,-7,1,2,3,-4,5,6,-7,1,2,3,-4,5,6,-7,1}, int8 wlo={-7}, int8 whi={7}, float[2] sw={0.05,0.03}, int8[2] zw={0,0},
     int32[2] b={10,-12}, float[2] sb={0.005,0.003}, int32[2] zb={0,0}, float ss={0.21}>
    {
     q = QuantizeLinear(x, s, z)
     c = Clip(q, lo, hi)
     d = DequantizeLinear(c, s, z)
     wc = Clip(w, wlo, whi)
     wd = DequantizeLinear<axis=0>(wc, sw, zw)
     bd = DequantizeLinear<axis=0>(b, sb, zb)
     h = Conv<pads=[1,1,1,1]>(d, wd, bd)
     r = Relu(h)
     q2 = QuantizeLinear(r, us, uz)
     c2 = Clip(q2, ulo, uhi)
     d2 = DequantizeLinear(c2, us, uz)
     e1 = QuantizeLinear(d2, ss, z)
     e1c = Clip(e1, lo, hi)
     e1d = DequantizeLinear(e1c, ss, z)
     e2 = QuantizeLinear(d, ss, z)
     e2c = Clip(e2, lo, hi)
     e2d = DequantizeLinear(e2c, ss, z)
     a = Add(e1d, e2d)
     a2 = Relu(a)
     p = MaxPool<kernel_shape=[3,3], pads=[1,1,1,1]>(a2)
     q3 = QuantizeLinear(p, us, uz)
     c3 = Clip(q3, ulo, uhi)
     y = DequantizeLinear(c3, us, uz)
    }""",
    "float weights behind q clip dq": """<ir_version: 10, opset_import: ["" : 21]>
    m (float[1,4] x) => (float[1,3] y)
    <float s={0.1}, int8 z={0}, int8 lo={-8}, int8 hi={7}, float[3,4] w={0.26,-9.0,3.0,4.0,0.3,0.5,1.0,1.1,1.2,1.3,0.7,-0.7}, float[3] sw={0.5,0.25,0.125}, int8[3] zw={0,0,0}, int8 wlo={-7}, int8 whi={7}, float sy={0.5}>
    {
     q = QuantizeLinear(x, s, z)
     c = Clip(q, lo, hi)
     d = DequantizeLinear(c, s, z)
     f = QuantizeLinear<axis=0>(w, sw, zw)
     fc = Clip(f, wlo, whi)
     fd = DequantizeLinear<axis=0>(fc, sw, zw)
     t = Transpose<perm=[1,0]>(fd)
     h = MatMul(d, t)
     q2 = QuantizeLinear(h, sy, z)
     c2 = Clip(q2, lo, hi)
     y = DequantizeLinear(c2, sy, z)
    }""",
    "a pair for each consumer": """<ir_version: 8, opset_import: ["" : 13]>
    m (float[1,4] x) => (float[1,4] y) <float s={0.1}, int8 z={0}, float t={0.2}>
    { q = QuantizeLinear(x, s, z)
     d1 = DequantizeLinear(q, s, z)
     d2 = DequantizeLinear(q, s, z)
     r = Relu(d1)
     rq = QuantizeLinear(r, s, z)
     rd1 = DequantizeLinear(rq, s, z)
     a = Add(rd1, d2)
     y1 = QuantizeLinear(a, t, z)
     y = DequantizeLinear(y1, t, z) }""",
    "inner tensors as outputs": """<ir_version: 8, opset_import: ["" : 13]>
    m (float[1,4] x) => (float[1,4] y, float[1,4] u, int8[1,4] q) <float s={0.1}, int8 z={0}, float t={0.2}>
    { q = QuantizeLinear(x, s, z)
     d1 = DequantizeLinear(q, s, z)
     r = Relu(d1)
     rq = QuantizeLinear(r, t, z)
     u = DequantizeLinear(rq, t, z)
     a = Add(u, d1)
     y1 = QuantizeLinear(a, t, z)
     y = DequantizeLinear(y1, t, z) }""",
    "two pairs in a row": """<ir_version: 8, opset_import: ["" : 13]>
    m (float[1,4] x) => (float[1,4] y) <float s={0.1}, int8 z={0}, float t={0.2}, uint8 uz={100}>
    { q = QuantizeLinear(x, s, z)
     d1 = DequantizeLinear(q, s, z)
     q2 = QuantizeLinear(d1, t, uz)
     d2 = DequantizeLinear(q2, t, uz)
     q3 = QuantizeLinear(d2, s, z)
     d3 = DequantizeLinear(q3, s, z)
     r = Relu(d3)
     y1 = QuantizeLinear(r, t, z)
     y = DequantizeLinear(y1, t, z) }""",
    "an activation with a scale per channel": """<ir_version: 8, opset_import: ["" : 13]>
    m (float[1,4,3] x) => (float[1,4,3] y) <float[4] s={0.1,0.2,0.3,0.05}, int8[4] z={0,1,2,-3}, float t={0.2}, int8 tz={0}>
    { q = QuantizeLinear(x, s, z)
     d1 = DequantizeLinear(q, s, z)
     r = Relu(d1)
     y1 = QuantizeLinear(r, t, tz)
     y = DequantizeLinear(y1, t, tz) }""",
    "opset 10": """<ir_version: 5, opset_import: ["" : 10]>
    m (float[1,2] x) => (float[1,2] y) <float s={0.1}, int8 z={0}, int8[2,2] w={1,2,3,-4}, float sw={0.2}>
    { q = QuantizeLinear(x, s, z)
     d1 = DequantizeLinear(q, s, z)
     wm = DequantizeLinear(w, sw, z)
     h = MatMul(d1, wm)
     c = Clip<min=0.0,max=6.0>(h)
     y1 = QuantizeLinear(c, s, z)
     y = DequantizeLinear(y1, s, z) }""",
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_of_an_exporter_is_read(name):
    assert_equal_to_oracle(FORMS[name], 64)


def test_an_unquantized_last_layer_is_exact_sums():
    graph = lowered(FORMS["torch ao with float biases"])
    assert graph.outputs["h"].op.name == "MatMul"
    assert graph.labels["h"].axis == 1


STATIC = {
    "s8s8": (("QInt8", "QInt8"), False, False, True),
    "s8s8 symmetric": (("QInt8", "QInt8"), True, True, False),
    "u8u8": (("QUInt8", "QUInt8"), False, False, False),
    "u8s8 per channel": (("QUInt8", "QInt8"), True, False, True),
    "s16s8": (("QInt16", "QInt8"), False, True, True),
    "u16u8": (("QUInt16", "QUInt8"), True, False, False),
    "u8s4": (("QUInt8", "QInt4"), True, False, True),
    "s8u4": (("QInt8", "QUInt4"), False, False, False),
}


@pytest.mark.parametrize("name", STATIC)
def test_the_static_quantizer_over_convolutions(name, tmp_path):
    assert_equal_to_oracle(quantize(convolutions(), *STATIC[name], tmp_path))


@pytest.mark.parametrize("name", [n for n in STATIC if "16" not in n])
def test_the_static_quantizer_over_linear_layers(name, tmp_path):
    assert_equal_to_oracle(quantize(perceptron(), *STATIC[name], tmp_path))


@pytest.mark.parametrize("name", [n for n in STATIC if "16" not in n])
def test_the_static_quantizer_over_attention(name, tmp_path):
    assert_equal_to_oracle(quantize(attention(), *STATIC[name], tmp_path))
