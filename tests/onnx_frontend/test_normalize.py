# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from hwgen.errors import BadModel
from onnx_frontend.load import with_places
from onnx_frontend.normalize import normalize
from tests.models import parse


def model(text: str) -> ir.Model:
    return with_places(ir.from_proto(parse(text)), "net.onnx")


def ops(result: ir.Model) -> list[str]:
    return [node.op_type for node in result.graph]


def shape(value: ir.Value) -> tuple[int, ...]:
    return tuple(value.shape.numpy())


def test_a_symbolic_batch_becomes_one():
    result = normalize(model("m (float[N,3] x) => (float[N,3] y) { y = Relu(x) }"))
    assert shape(result.graph.inputs[0]) == shape(result.graph.outputs[0]) == (1, 3)


def test_another_symbolic_axis_is_refused_with_the_option_that_fixes_it():
    with pytest.raises(BadModel) as error:
        normalize(model("m (float[N,time] x) => (float[N,time] y) { y = Relu(x) }"))
    assert str(error.value) == (
        "error: input 'x' of net.onnx: an axis has no fixed size\n"
        "  found:    ['N', 'time']\n"
        "  expected: static shapes (a symbolic batch axis 0 becomes 1)\n"
        "  fix:      fix it: --shape x=1,? with a number for each ?"
    )


def test_a_given_shape_fixes_the_axis_of_every_input_that_shares_its_symbol():
    two = model("m (float[N,t] x, float[N,t] z) => (float[N,t] y) { y = Add(x, z) }")
    result = normalize(two, {"x": (1, 16)})
    assert [shape(v) for v in result.graph.inputs] == [(1, 16), (1, 16)]


@pytest.mark.parametrize(
    ("shapes", "word"),
    [({"x": (1, 5)}, "contradicts"), ({"x": (1, 3, 1)}, "contradicts"), ({"q": (1, 3)}, "no input is called 'q'")],
)
def test_wrong_shapes_are_refused(shapes, word):
    with pytest.raises(BadModel, match=word):
        normalize(model("m (float[N,3] x) => (float[N,3] y) { y = Relu(x) }"), shapes)


def test_an_axis_without_elements_is_refused():
    with pytest.raises(BadModel, match="no elements"):
        normalize(model("m (float[1,0] x) => (float[1,0] y) { y = Relu(x) }"))
    cut = """m (float[1,4] x) => (float[1,k] y) <int64[1] s={2}, int64[1] e={2}, int64[1] a={1}>
    { [bad] y = Slice(x, s, e, a) }"""
    with pytest.raises(BadModel, match=r"Slice 'bad' \(node 0 of net.onnx\): an output has no elements"):
        normalize(model(cut))


def test_shape_arithmetic_is_folded_away():
    text = """
    m (float[N,2,6] x) => (float[N,k] y) <int64[1] zero={0}, int64[1] rest={-1}, float two={2.0}>
    {
      s = Shape(x)
      n = Gather<axis=0>(s, zero)
      t = Concat<axis=0>(n, rest)
      f = Cast<to=1>(t)
      h = Mul(f, two)
      half = Div(h, two)
      back = Cast<to=7>(half)
      y = Reshape(x, back)
    }"""
    result = normalize(model(text))
    assert ops(result) == ["Reshape"]
    assert shape(result.graph.outputs[0]) == (1, 12)


def test_constants_become_initializers_and_noise_disappears_but_output_names_stay():
    text = """
    m (float[1,3] x) => (float[1,3] y)
    {
      c = Constant<value = float[3] {1.0, 2.0, 3.0}>()
      i = Identity(x)
      same = Cast<to=1>(i)
      sum = Add(same, c)
      y = Identity(sum)
    }"""
    result = normalize(model(text))
    assert ops(result) == ["Add", "Identity"]
    assert result.graph.outputs[0].name == "y"
    assert next(iter(result.graph)).inputs[1].const_value.numpy().tolist() == [1, 2, 3]


def test_quantized_weights_are_not_folded_into_floats():
    text = """m (float[1,2] x) => (float[1,2] y) <int8[2,2] w={1,2,3,4}, float s={0.5}>
    { d = DequantizeLinear(w, s) \n y = MatMul(x, d) }"""
    assert ops(normalize(model(text))) == ["DequantizeLinear", "MatMul"]


def test_functions_are_inlined():
    text = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    m (float[1,3] x) => (float[1,3] y) { y = local.twice(x) }
    <domain: "local", opset_import: ["" : 17]>
    twice (a) => (b) { t = Relu(a) \n b = Neg(t) }"""
    assert ops(normalize(model(text))) == ["Relu", "Neg"]


def test_the_given_model_is_not_touched():
    original = model("m (float[N,3] x) => (float[N,3] y) { i = Identity(x) \n y = Relu(i) }")
    before = str(ir.to_proto(original))
    normalize(original)
    assert str(ir.to_proto(original)) == before


def test_initializers_among_the_inputs_are_no_inputs():
    proto = parse("m (float[1,2] x) => (float[1,2] y) <float[2] c={1.0, 2.0}> { y = Add(x, c) }")
    value = proto.graph.input.add()
    value.CopyFrom(proto.graph.input[0])
    value.name = "c"
    result = normalize(with_places(ir.from_proto(proto), "net.onnx"))
    assert [v.name for v in result.graph.inputs] == ["x"]


def test_shapes_that_do_not_fit_name_the_node():
    with pytest.raises(BadModel, match=r"MatMul 'bad' \(node 1 of net.onnx\): its shape cannot be computed"):
        normalize(
            model(
                "m (float[1,3] x) => (float[1,3] y) <float[2,3] w={1,2,3,4,5,6}> { r = Relu(x) \n [bad] y = MatMul(r, w) }"
            )
        )


FIXED_BATCH = """m (float[4,2,6] x) => (float[4,12] y) <int64[2] s={4,12}> { y = Reshape(x, s) }"""


def test_a_fixed_batch_becomes_one_frame_where_the_frames_stay_apart():
    result = normalize(model(FIXED_BATCH))
    assert shape(result.graph.inputs[0]) == (1, 2, 6)
    assert shape(result.graph.outputs[0]) == (1, 12)


@pytest.mark.parametrize(
    "body",
    [
        "y = Transpose<perm=[1,0]>(x)",
        "y = Softmax<axis=0>(x)",
        "y = ReduceSum<keepdims=1>(x, a)",
        "y = Concat<axis=0>(x, x)",
    ],
)
def test_a_leading_size_that_is_mixed_is_no_batch(body):
    result = normalize(model(f"m (float[4,4] x) => (float[p,q] y) <int64[1] a={{0}}> {{ {body} }}"))
    assert shape(result.graph.inputs[0]) == (4, 4)


def test_int4_initializers_keep_their_values():
    proto = parse("""<ir_version: 10, opset_import: ["" : 21]>
    m (float[1,2] x) => (float[1,2] y) <float s={0.5}> { d = DequantizeLinear(w, s) \n y = MatMul(x, d) }""")
    proto.graph.initializer.append(onnx.helper.make_tensor("w", onnx.TensorProto.INT4, (2, 2), [-8, 7, 3, -1]))
    weights = next(iter(normalize(with_places(ir.from_proto(proto), "net.onnx")).graph)).inputs[0]
    assert weights.const_value.numpy().astype(np.int8).tolist() == [[-8, 7], [3, -1]]
