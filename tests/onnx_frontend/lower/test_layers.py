# SPDX-License-Identifier: Apache-2.0
"""Operators that become hardware nodes: the text of the graph, and integers against onnxruntime."""

from __future__ import annotations

import pytest

from hwgen.errors import UnsupportedOp
from hwgen.ir.text import graph_text
from hwgen.kernels.add.op import Add
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.window.op import Window
from hwgen.numerics.range import IntRange
from tests.models import DENSE, assert_equal_to_oracle, lowered

GRIDS = """float sx={0.0431}, int8 zx={-7}, float sw={0.0123}, int8 zw={0}, float[4] sc={0.01,0.02,0.007,0.031}, int8[4] zc={0,0,0,0},
 float sy={0.25}, int8 zy={5}, float s2={0.0877}, uint8 z2={131}, float tiny={0.0078125}"""


def net(x: str, y: str, body: str, constants: str = "") -> str:
    """A body between the quantized input `d` and the float `h`."""
    return f"""
    m (float[{x}] x) => (float[{y}] y) <{GRIDS}{", " if constants else ""}{constants}>
    {{
      q = QuantizeLinear(x, sx, zx)
      d = DequantizeLinear(q, sx, zx)
      {body}
      y_q = QuantizeLinear(h, sy, zy)
      y = DequantizeLinear(y_q, sy, zy)
    }}"""


def ints(count: int, step: int = 37) -> str:
    return ",".join(str((k * step) % 255 - 127) for k in range(count))


def test_a_dense_layer_is_matmul_and_requantize():
    assert graph_text(lowered(DENSE)) == (
        "x = Input() : 1x4 [-128, 127]\n"
        "dense_weights = Constant() shape=(2,4) sha256='74ab92208d8bdd38' : 2x4 [-7, 8]\n"
        "dense_matmul = MatMul(x, dense_weights) axis=1 groups=1 : 1x2 [-3321, 3309]\n"
        "dense = Requantize(dense_matmul) ratio=(1/8) offset=(-1,-7) zero_point=-1 dialect='real' out=[-128,127] axis=1"
        " rounding='half_even' : 1x2 [-128, 127]\n"
        "output 'y_q' = dense\n"
    )
    assert_equal_to_oracle(DENSE, 64)


@pytest.mark.parametrize("attributes", ["transA=1", "alpha=0.5, transB=1", "beta=3.0", "alpha=2.0, beta=0.0"])
def test_gemm_attributes(attributes):
    x = "3,1" if "transA" in attributes else "1,3"
    w = "2,3" if "transB" in attributes else "3,2"
    constants = f"int8[{w}] w={{{ints(6)}}}, float[2] b={{1.5,-2.25}}"
    body = f"v = DequantizeLinear(w, sw, zw)\n h = Gemm<{attributes}>(d, v, b)"
    assert_equal_to_oracle(net(x, "1,2", body, constants))


@pytest.mark.parametrize("swap", [False, True])
def test_matmul_with_a_bias_behind_it_is_one_requantize(swap):
    constants = f"int8[3,4] w={{{ints(12)}}}, float[4] b={{1.5,-2.25,0.1,3.0}}"
    body = f"v = DequantizeLinear<axis=1>(w, sc, zc)\n p = MatMul(d, v)\n h = Add({'b, p' if swap else 'p, b'})"
    text = net("1,5,3", "1,5,4", body, constants)
    assert [n.op.name for n in lowered(text)] == ["Input", "Constant", "MatMul", "Requantize"]
    assert_equal_to_oracle(text)


def test_a_matrix_on_the_left_contracts_the_axis_before_the_last():
    constants = f"int8[4,3] w={{{ints(12)}}}"
    body = "v = DequantizeLinear<axis=0>(w, sc, zc)\n h = MatMul(v, d)"
    assert_equal_to_oracle(net("1,3,5", "1,4,5", body, constants))


@pytest.mark.parametrize(
    ("x", "w", "y", "attributes"),
    [
        ("1,2,7", "4,2,3", "1,4,7", "pads=[1,1]"),
        ("1,2,8", "4,2,3", "1,4,4", 'auto_pad="SAME_LOWER", strides=[2]'),
        ("1,2,9", "4,1,2", "1,4,5", "group=2, dilations=[4]"),
        ("1,4,5,5", "4,1,3,3", "1,4,5,5", 'group=4, auto_pad="SAME_UPPER"'),
        ("1,2,6,7", "4,2,2,3", "1,4,4,2", "strides=[2,3], pads=[1,0,2,1]"),
        ("1,3,4,4", "4,3,1,1", "1,4,4,4", ""),
        ("1,3,4,4", "4,3,1,1", "1,4,2,2", "strides=[2,2]"),
    ],
)
def test_convolutions(x, w, y, attributes):
    count = 1
    for extent in w.split(","):
        count *= int(extent)
    constants = f"int8[{w}] w={{{ints(count)}}}, int32[4] b={{40,-70,0,900}}"
    body = f"v = DequantizeLinear<axis=0>(w, sc, zc)\n b_d = DequantizeLinear<axis=0>(b, sc)\n h = Conv<{attributes}>(d, v, b_d)"
    body = body.replace("Conv<>", "Conv")
    assert_equal_to_oracle(net(x, y, body, constants))


def test_a_pointwise_convolution_needs_no_window_and_others_fill_with_the_zero_point():
    point = net(
        "1,3,4,4", "1,2,4,4", "v = DequantizeLinear(w, sw, zw)\n h = Conv(d, v)", f"int8[2,3,1,1] w={{{ints(6)}}}"
    )
    assert not any(isinstance(n.op, Window) for n in lowered(point))
    wide = net(
        "1,1,4,4",
        "1,1,4,4",
        "v = DequantizeLinear(w, sw, zw)\n h = Conv<pads=[1,1,1,1]>(d, v)",
        f"int8[1,1,3,3] w={{{ints(9)}}}",
    )
    assert [n.op.fill for n in lowered(wide) if isinstance(n.op, Window)] == [-7]


CONV = "v = DequantizeLinear(w, sw, zw)\n c = Conv(d, v)\n "
CONV_WEIGHTS = f"int8[2,2,2,2] w={{{ints(16)}}}"


@pytest.mark.parametrize(
    ("function", "out"),
    [("h = Relu(c)", IntRange(5, 127)), ("h = Clip(c, lo, hi)", IntRange(1, 29)), ("h = Neg(c)", IntRange(-128, 127))],
)
def test_clips_behind_an_accumulator_join_the_requantize(function, out):
    text = net("1,2,4,4", "1,2,3,3", CONV + function, CONV_WEIGHTS + ", float lo={-1.0}, float hi={6.0}")
    last = lowered(text).outputs["y_q"]
    assert isinstance(last.op, Requantize)
    assert last.op.out == out
    assert_equal_to_oracle(text)


def test_a_negative_factor_behind_a_relu_turns_its_bound_around():
    text = net("1,2,4,4", "1,2,3,3", CONV + "r = Relu(c)\n h = Mul(r, k)", CONV_WEIGHTS + ", float k={-0.5}")
    assert lowered(text).outputs["y_q"].op.out == IntRange(-128, 5)
    assert_equal_to_oracle(text)


@pytest.mark.parametrize("function", ["Sigmoid(c)", "LeakyRelu<alpha=0.1>(c)", "Tanh(c)", "Elu(c)", "HardSigmoid(c)"])
def test_monotone_functions_behind_an_accumulator_are_exact_steps(function):
    text = net("1,2,4,4", "1,2,3,3", CONV + f"h = {function}", CONV_WEIGHTS).replace("sy={0.25}", "sy={0.0117}")
    result = assert_equal_to_oracle(text, 64)
    assert result.nodes[-1].op in ("Threshold", "Requantize")


def test_a_falling_function_of_negative_channel_scales():
    body = CONV + "n = Mul(c, k)\n h = Sigmoid(n)"
    text = net("1,2,4,4", "1,2,3,3", body, CONV_WEIGHTS + ", float[2,1,1] k={-0.5,0.25}").replace(
        "sy={0.25}", "sy={0.01}"
    )
    assert_equal_to_oracle(text, 64)
    assert_equal_to_oracle(text.replace("float[2,1,1] k={-0.5,0.25}", "float k={-0.5}"), 64)


def test_a_function_that_is_not_monotone_needs_narrow_codes():
    with pytest.raises(
        UnsupportedOp, match=r"HardSwish 'mine' \(node 4 of test.onnx\): this function is not supported here"
    ):
        lowered(
            net("1,2,4,4", "1,2,3,3", CONV + "[mine] h = HardSwish(c)", CONV_WEIGHTS).replace(
                "m (", '<ir_version: 8, opset_import: ["" : 14]> m (', 1
            )
        )


@pytest.mark.parametrize(
    "function",
    [
        "Relu(d)",
        "LeakyRelu(d)",
        "Sigmoid(d)",
        "Tanh(d)",
        "Abs(d)",
        "Elu(d)",
        "Softplus(d)",
        "Erf(d)",
        "Exp(d)",
        "Neg(d)",
        "Clip(d, lo, hi)",
        "Sqrt(d)",
    ],
)
def test_functions_of_codes_are_tables(function):
    text = net("1,64", "1,64", f"h = {function}", "float lo={-1.0}, float hi={2.0}").replace("sy={0.25}", "sy={0.0173}")
    assert isinstance(lowered(text).outputs["y_q"].op, Table)
    assert_equal_to_oracle(text, 32)


def test_a_chain_of_functions_of_one_tensor_is_one_table():
    body = "e = Sigmoid(d)\n f = Mul(d, e)\n g = Add(f, k)\n h = Relu(g)"
    text = net("1,8", "1,8", body, "float k={0.1}")
    assert [n.op.name for n in lowered(text)] == ["Input", "Table"]
    assert_equal_to_oracle(text, 64)


def test_equal_grids_cost_nothing_and_others_a_table():
    same = net("1,2,3", "1,6", "h = Flatten(d)").replace("h, sy, zy", "h, sx, zx").replace("y_q, sy, zy", "y_q, sx, zx")
    assert [n.op.name for n in lowered(same)] == ["Input", "Reshape"]
    other = net("1,2,3", "1,6", "h = Flatten(d)")
    assert [n.op.name for n in lowered(other)] == ["Input", "Table", "Reshape"]
    assert_equal_to_oracle(other)


PAIR = "r = Sigmoid(d)\n r_q = QuantizeLinear(r, s2, z2)\n e = DequantizeLinear(r_q, s2, z2)\n "


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
def test_two_activations(op):
    assert_equal_to_oracle(net("1,3,4", "1,3,4", PAIR + f"p = {op}(d, e)\n h = Relu(p)"), 64)


def test_a_relu_behind_an_add_narrows_its_codes_and_constants_in_front_join_the_ratio():
    text = net("1,8", "1,8", PAIR + "k = Mul(e, half)\n p = Add(k, d)\n h = Relu(p)", "float half={0.5}")
    (last,) = [n for n in lowered(text) if isinstance(n.op, Add)]
    assert last.op.out.lo == 5
    assert_equal_to_oracle(text, 64)


def test_a_float_relu_in_front_of_an_add_is_a_table_on_the_same_grid():
    assert_equal_to_oracle(net("1,8", "1,8", PAIR + "k = Relu(d)\n h = Add(k, e)"), 64)


@pytest.mark.parametrize("y", ["1,3,4,5", "1,3,1,5"])
def test_a_broadcast_operand_is_repeated(y):
    body = f"m = ReduceMean<axes=[{2 if y == '1,3,1,5' else 3}], keepdims=1>(d)\n m_q = QuantizeLinear(m, s2, z2)\n e = DequantizeLinear(m_q, s2, z2)\n h = Mul(d, e)"
    assert_equal_to_oracle(net("1,3,4,5", "1,3,4,5", body), 16)


@pytest.mark.parametrize("op", ["Add", "Mul", "Sub", "Div"])
@pytest.mark.parametrize("shape", ["", "[3,1]", "[4]", "[1,3,4]"])
def test_constants_per_tensor_per_channel_and_per_element(op, shape):
    count = {"": 1, "[3,1]": 3, "[4]": 4, "[1,3,4]": 12}[shape]
    constants = f"float{shape} k={{{','.join(str(0.25 + 0.3 * k) for k in range(count))}}}"
    assert_equal_to_oracle(net("1,3,4", "1,3,4", f"h = {op}(d, k)", constants), 32)


def test_batch_normalization_joins_the_requantize():
    constants = (
        CONV_WEIGHTS + ", float[2] g={0.5,-0.7}, float[2] be={0.1,2.0}, float[2] mu={0.3,-0.2}, float[2] va={0.9,1.7}"
    )
    text = net("1,2,4,4", "1,2,3,3", CONV + "n = BatchNormalization(c, g, be, mu, va)\n h = Relu(n)", constants)
    assert [n.op.name for n in lowered(text)] == ["Input", "Window", "Constant", "MatMul", "Requantize"]
    assert_equal_to_oracle(text, 32)


def test_the_sum_of_two_unquantized_layers_is_refused_by_name():
    body = CONV + "w2 = DequantizeLinear(w, sw, zw)\n c2 = Conv(d, w2)\n [joint] h = Add(c, c2)"
    with pytest.raises(UnsupportedOp, match=r"Add 'joint' \(node 6 of test.onnx\): it computes with a float tensor"):
        lowered(net("1,2,4,4", "1,2,3,3", body, CONV_WEIGHTS))


def test_float_weights_are_refused_with_the_way_out():
    text = net("1,2", "1,2", "[bare] h = MatMul(d, w)", "float[2,2] w={0.1,0.2,0.3,0.4}")
    with pytest.raises(UnsupportedOp) as error:
        lowered(text)
    assert str(error.value) == (
        "error: MatMul 'bare' (node 2 of test.onnx): its weights are not quantized\n"
        "  found:    'w' holds float32 numbers\n"
        "  expected: integer weights behind a DequantizeLinear\n"
        "  fix:      quantize the model: hwgen quantize test.onnx --calib X.npz"
    )
