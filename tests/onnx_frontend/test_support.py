# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import onnx_ir as ir

from hwgen.errors import Blocker
from onnx_frontend.load import with_places
from onnx_frontend.normalize import normalize
from onnx_frontend.support import find_blockers
from tests.models import DENSE, parse
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
    found = blockers(net("1,2", "1,2", body, "float[2,2] w={1,2,3,4}, int64 a={1}"))
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
    assert [(b.node, b.what) for b in blockers(text)] == [("odd", "this operator is not known")]


def test_a_cut_leaves_the_blockers_behind_it_out():
    body = PAIR + "[slow] h = CumSum(e, a)"
    text = net("1,2", "1,2", body, "int64 a={1}")
    assert [b.node for b in blockers(text)] == ["slow"]
    assert blockers(text, end=("e",)) == ()
