# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import onnx
import pytest

from hwgen.errors import UnsupportedOp
from hwgen.numerics.range import IntRange
from onnx_frontend.quant_graph import QuantGraph
from tests.models import DENSE, assert_equal_to_oracle, lowered, parse, quantized

RELU = """
relu ({kind}[1,4] x) => ({kind_out}[1,4] y)
<float{rank} s = {{0.5}}, int8{rank} z = {{3}}, float sy = {{0.25}}, uint8 zy = {{7}}>
{{
  {body}
}}
"""


def ops(graph: QuantGraph) -> list[str]:
    return [node.op for node in graph.nodes]


def test_a_dequantizelinear_is_only_another_name():
    graph = quantized(DENSE)
    assert ops(graph) == ["QuantizeLinear", "Gemm", "QuantizeLinear"]
    assert graph.nodes[1].inputs == ("x_q", "w_d", "b_d")
    assert graph.names["x_d"] == "x_q"
    assert graph.outputs[0].tensor == "y_q"
    assert not graph.outputs[0].as_codes


def test_scales_are_the_exact_float32_of_the_file():
    graph = quantized(DENSE.replace("sy = {1.0}", "sy = {0.1}"))
    assert graph.tensors["y_q"].quant.scale == (Fraction(13421773, 134217728),)


def test_weights_and_biases_keep_their_integers_and_their_own_scale():
    graph = quantized(DENSE)
    assert graph.tensors["w_d"].value.tolist() == [[1, -2, 3, 4], [5, 6, -7, 8]]
    assert graph.tensors["b_d"].quant.bits == 32
    assert graph.tensors["b_d"].real().tolist() == [Fraction(5, 4), Fraction(-5, 2)]


@pytest.mark.parametrize("rank", ["", "[1]"])
def test_scales_of_rank_0_and_of_one_element_mean_the_same(rank):
    body = "q = QuantizeLinear(x, s, z)\n d = DequantizeLinear(q, s, z)\n r = Relu(d)\n y = QuantizeLinear(r, sy, zy)"
    assert_equal_to_oracle(RELU.format(kind="float", kind_out="uint8", rank=rank, body=body))


def test_a_missing_zero_point_is_zero_and_uint8():
    body = "q = QuantizeLinear(x, s)\n d = DequantizeLinear(q, s)\n r = Relu(d)\n y = QuantizeLinear(r, sy)"
    text = RELU.format(kind="float", kind_out="uint8", rank="", body=body)
    quant = quantized(text).tensors["y"].quant
    assert (quant.zero_point, quant.bits, quant.signed) == ((0,), 8, False)
    assert_equal_to_oracle(text)


def test_integer_inputs_and_outputs_are_codes():
    body = "d = DequantizeLinear(x, s, z)\n r = Relu(d)\n y = QuantizeLinear(r, sy, zy)"
    text = RELU.format(kind="int8", kind_out="uint8", rank="", body=body)
    graph = quantized(text)
    assert graph.tensors["x"].quant.zero_point == (3,)
    assert graph.outputs[0].as_codes
    assert_equal_to_oracle(text)


def test_the_microsoft_domain_reads_the_same():
    text = """<ir_version: 8, opset_import: ["" : 13, "com.microsoft" : 1]>
    m (float[1,4] x) => (float[1,4] y) <float s={0.5}, uint16 z={300}, float t={0.125}, uint16 u={7}>
    {
      q = com.microsoft.QuantizeLinear(x, s, z)
      d = com.microsoft.DequantizeLinear(q, s, z)
      r = Relu(d)
      e = com.microsoft.QuantizeLinear(r, t, u)
      y = com.microsoft.DequantizeLinear(e, t, u)
    }"""
    assert quantized(text).tensors["e"].quant.codes == IntRange(0, 65535)
    assert_equal_to_oracle(text)


def test_a_clip_between_q_and_dq_narrows_the_codes():
    body = """q = QuantizeLinear(x, s, z)
      c = Clip(q, lo, hi)
      d = DequantizeLinear(c, s, z)
      r = Relu(d)
      y = QuantizeLinear(r, sy, zy)"""
    text = RELU.format(kind="float", kind_out="uint8", rank="", body=body).replace(
        "float sy", "int8 lo={-8}, int8 hi={7}, float sy"
    )
    graph = quantized(text)
    assert (graph.tensors["c"].quant.codes, graph.tensors["c"].quant.bits) == (IntRange(-8, 7), 4)
    assert [n.output for n in graph.nodes][:1] == ["c"]
    assert lowered(text).inputs[0].type.range == IntRange(-8, 7)
    assert_equal_to_oracle(text)


def test_identity_and_widening_casts_between_q_and_dq_change_nothing():
    body = """q = QuantizeLinear(x, s, z)
      i = Identity(q)
      w = Cast<to=6>(i)
      d = DequantizeLinear(w, s, z32)
      r = Relu(d)
      y = QuantizeLinear(r, sy, zy)"""
    text = RELU.format(kind="float", kind_out="uint8", rank="", body=body).replace(
        "float sy", "int32 z32={3}, float sy"
    )
    assert ops(quantized(text)) == ["QuantizeLinear", "Relu", "QuantizeLinear"]


def test_codes_moved_between_q_and_dq_stay_codes():
    body = """q = QuantizeLinear(x, s, z)
      t = Transpose<perm=[1,0]>(q)
      d = DequantizeLinear(t, s, z)
      y = Transpose<perm=[1,0]>(d)"""
    text = RELU.format(kind="float", kind_out="float", rank="", body=body)
    assert quantized(text).tensors["t"].quant == quantized(text).tensors["q"].quant


def test_codes_read_on_another_grid_keep_their_integers():
    body = """q = QuantizeLinear(x, s, z)
      d = DequantizeLinear(q, sy, z)
      r = Relu(d)
      y = QuantizeLinear(r, sy, zy)"""
    assert_equal_to_oracle(RELU.format(kind="float", kind_out="uint8", rank="", body=body))


WEIGHTS = """
m (float[1,2] x) => (float[1,3] y)
<float s={{0.5}}, int8 z={{3}}, {weights}, float sy={{1.0}}, int8 zy={{0}}>
{{
  q = QuantizeLinear(x, s, z)
  d = DequantizeLinear(q, s, z)
  {body}
  h = MatMul(d, t)
  y_q = QuantizeLinear(h, sy, zy)
  y = DequantizeLinear(y_q, sy, zy)
}}
"""
PER_CHANNEL = "int8[3,2] w={1,2,3,4,5,6}, float[3] sw={0.5,0.25,0.125}, int8[3] zw={1,0,-1}"


def test_a_transpose_behind_a_per_channel_dequantizelinear_moves_the_channel_axis():
    body = "v = DequantizeLinear<axis=0>(w, sw, zw)\n t = Transpose<perm=[1,0]>(v)"
    text = WEIGHTS.format(weights=PER_CHANNEL, body=body)
    constant = quantized(text).tensors["t"]
    assert constant.quant.axis == 1
    assert constant.value.tolist() == [[1, 3, 5], [2, 4, 6]]
    assert_equal_to_oracle(text)


def test_float_weights_behind_q_clip_dq_become_integers():
    body = """f = QuantizeLinear<axis=0>(w, sw, zw)
      c = Clip(f, lo, hi)
      v = DequantizeLinear<axis=0>(c, sw, zw)
      t = Transpose<perm=[1,0]>(v)"""
    weights = (
        PER_CHANNEL.replace("int8[3,2] w={1,2,3,4,5,6}", "float[3,2] w={0.26,-9.0,3.0,4.0,0.3,0.5}")
        + ", int8 lo={-7}, int8 hi={7}"
    )
    text = WEIGHTS.format(weights=weights, body=body)
    assert quantized(text).tensors["t"].value.tolist() == [[2, 7, 1], [-7, 7, 3]]
    assert_equal_to_oracle(text)


def test_uint8_weights_lose_their_zero_point():
    weights = "uint8[2,3] w={1,2,130,4,255,6}, float sw={0.5}, uint8 zw={128}"
    text = WEIGHTS.format(weights=weights, body="t = DequantizeLinear(w, sw, zw)")
    stored = lowered(text)["h_weights"].op.values
    assert stored.tolist() == [[-127, -124], [-126, 127], [2, -122]]
    assert_equal_to_oracle(text)


@pytest.mark.parametrize("scale", ["0.0", "-1.0", "nan", "inf"])
def test_a_scale_that_is_no_positive_number_is_refused(scale):
    model = parse(DENSE)
    for tensor in model.graph.initializer:
        if tensor.name == "sy":
            tensor.CopyFrom(onnx.numpy_helper.from_array(np.array(float(scale), np.float32), "sy"))
    with pytest.raises(UnsupportedOp, match="its scale is no positive number"):
        quantized(model)


def test_run_time_scales_are_refused():
    text = """m (float[1,4] x, float s) => (float[1,4] y) <int8 z={0}>
    { q = QuantizeLinear(x, s, z) \n y = DequantizeLinear(q, s, z) }"""
    with pytest.raises(UnsupportedOp, match="computed at run time"):
        quantized(text)


def test_dynamic_quantization_is_refused_once():
    text = """m (float[1,4] x) => (float[1,4] y)
    { q, s, z = DynamicQuantizeLinear(x) \n [mine] d = DequantizeLinear(q, s, z) \n y = Relu(d) }"""
    with pytest.raises(UnsupportedOp) as error:
        quantized(text)
    assert len(error.value.blockers) == 1
    assert "quantize statically" in str(error.value)


def test_block_scales_of_an_activation_are_refused():
    proto = parse("""<ir_version: 10, opset_import: ["" : 21]>
    m (float[4,2] x) => (float[4,2] y) <float[2,2] s={1.0,2.0,3.0,4.0}, int8[2,2] z={0,0,0,0}>
    { q = QuantizeLinear<axis=0, block_size=2>(x, s, z) \n y = DequantizeLinear<axis=0, block_size=2>(q, s, z) }""")
    with pytest.raises(UnsupportedOp, match="an activation has block-wise scales"):
        quantized(proto)


def test_arithmetic_on_raw_codes_is_refused():
    body = "q = QuantizeLinear(x, s, z)\n a = Add(q, q)\n d = DequantizeLinear(a, s, z)\n y = QuantizeLinear(d, sy, zy)"
    text = RELU.format(kind="float", kind_out="uint8", rank="", body=body)
    with pytest.raises(UnsupportedOp, match="computes on raw integer codes"):
        quantized('<ir_version: 8, opset_import: ["" : 14]>' + text)
