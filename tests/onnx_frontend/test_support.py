# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import onnx_ir as ir
import pytest

from hwgen.errors import Blocker
from onnx_frontend.load import load_model, with_places
from onnx_frontend.normalize import normalize
from onnx_frontend.support import find_blockers
from tests.models import DENSE, parse, shared_model
from tests.onnx_frontend.lower.test_layers import PAIR, net


def blockers(text: str, **cuts: tuple[str, ...]) -> tuple[Blocker, ...]:
    return find_blockers(normalize(with_places(ir.from_proto(parse(text)), "net.onnx")), **cuts)


FLOAT = """m (float[1,1,4,4] x) => (float[1,1,2,2] y) <float[1,1,2,2] w={1,2,3,4}>
{ [first] c = Conv(x, w) \n r = Relu(c) \n [second] y = Conv(r, w) }"""


def test_a_model_that_can_be_built_has_none():
    assert blockers(DENSE) == ()


def test_every_float_layer_is_named_with_the_command_that_quantizes():
    found = blockers(FLOAT)
    assert [(b.where, b.what) for b in found] == [
        ("Conv 'first' (node 0 of net.onnx)", "it is not quantized"),
        ("Conv 'second' (node 2 of net.onnx)", "it is not quantized"),
    ]
    assert found[0].fix == "quantize the model: hwgen quantize net.onnx --calib X.npz"
    assert (found[0].node, found[0].op) == ("first", "Conv")


def test_blockers_of_every_kind_come_in_one_list():
    body = (
        PAIR
        + """[soft] s = LogSoftmax<axis=-1>(e)
      s_q = QuantizeLinear(s, s2, z2)
      f = DequantizeLinear(s_q, s2, z2)
      [bare] g = MatMul(f, w)
      g_q = QuantizeLinear(g, s2, z2)
      k = DequantizeLinear(g_q, s2, z2)
      [slow] h = CumSum(k, a)"""
    )
    found = blockers(net("1,2", "1,2", body, "float[2,2] w={1.5,2,3,4}, int64 a={1}"))
    assert [(b.node, b.what) for b in found] == [
        ("soft", "there is no kernel for this operator here"),
        ("bare", "its weights are not quantized"),
        ("slow", "there is no kernel for this operator here"),
    ]


def test_a_model_without_anything_to_build_says_so():
    (found,) = blockers("m (float[1,4] x) => (float[1,4] y) { y = Relu(x) }")
    assert (found.where, found.what) == ("net.onnx", "nothing is left to build")


def test_an_operator_of_another_domain_is_named():
    text = """<ir_version: 8, opset_import: ["" : 13, "mine" : 1]>
    m (float[1,4] x) => (float[1,4] y) { [odd] y = mine.Magic(x) }"""
    assert [(b.node, b.what) for b in blockers(text)] == [("odd", "there is no kernel for this operator")]


def test_a_cut_leaves_the_blockers_behind_it_out():
    body = PAIR + "[slow] h = CumSum(e, a)"
    text = net("1,2", "1,2", body, "int64 a={1}")
    assert [b.node for b in blockers(text)] == ["slow"]
    assert blockers(text, end=("e",)) == ()


def test_a_float_model_also_names_what_could_not_be_built_when_it_is_quantized():
    text = """<ir_version: 8, opset_import: ["" : 17]>
    m (float[1,4,4] x) => (float[1,4,4] y) <float[4,4] w={1,2,3,4,1,2,3,4,1,2,3,4,1,2,3,4}, int64 axis={1}>
    { [norm] n = LpNormalization(x) \n [dense] h = MatMul(n, w) \n [sort] s = CumSum(h, axis) \n [mix] y = MatMul(s, x) }"""
    assert [(b.node, b.what) for b in blockers(text)] == [
        ("norm", "there is no kernel for this operator"),
        ("dense", "it is not quantized"),
        ("sort", "there is no kernel for this operator"),
        ("mix", "it is not quantized"),
    ]


REFUSED = {
    "tract_qlstm_scan_int8": "Scan",
    "dtln_stage1_lstm_float": "LSTM LSTM MatMul",
    "ort_whisper_encoder_attention_float": "Attention MatMul SkipLayerNormalization MatMul MatMul",
    "ort_gpt2_one_layer_float": "Gemm MatMul Where MatMul Gemm Gemm Gemm",
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_real_model_out_of_reach_is_refused_by_the_nodes_that_matter(name):
    model = load_model(shared_model(f"{name}.onnx"))
    shapes = {"input_ids": (1, 8)} if "gpt2" in name else {}
    assert [b.op for b in find_blockers(normalize(model, shapes))] == REFUSED[name].split()


def test_a_microsoft_operator_on_the_host_is_refused():
    text = """<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>
    m (float[1,4] x) => (float[1,4] y) <float s={0.5}, int8 z={0}>
    { q = QuantizeLinear(x, s, z)
      d = DequantizeLinear(q, s, z)
      r = Relu(d)
      e = QuantizeLinear(r, s, z)
      f = DequantizeLinear(e, s, z)
      [tail] y = com.microsoft.QuickGelu(f) }"""
    assert [(b.node, b.what) for b in blockers(text)] == [("tail", "the host cannot run this operator")]
