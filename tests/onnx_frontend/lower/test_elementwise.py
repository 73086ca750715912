# SPDX-License-Identifier: Apache-2.0
"""Functions that exporters write out in several operators: one table, or part of the rounding behind a layer."""

from __future__ import annotations

import pytest

from hwgen.errors import UnsupportedOp
from tests.models import assert_equal_to_oracle, lowered

CONSTANTS = {
    "r2": 1.4142135, "rr2": 0.70710677, "one": 1.0, "half": 0.5, "zero": 0.0, "three": 3.0, "six": 6.0, "cube": 0.044715,
    "s2pi": 0.7978846, "two": 2.0, "eps": 0.001,
}  # fmt: skip
CHANNELS = """float[5] g={0.5,-0.7,0.0,1.5,1.0}, float[5] be={0.1,2.0,1.0,-0.5,0.0}, float[5] mu={0.3,-0.2,0.0,0.1,0.2},
 float[5] va={0.9,1.7,0.2,0.5,1.1}, float[5] b={0.1,0.2,-0.1,0.0,0.5}"""


def net(body: str, shape: str = "1,4,6", result: str = "", opset: int = 20) -> str:
    """Q and DQ around a body from `d` (or `m`, a product with 5 columns) to `h`."""
    used = [f"float {k}={{{v}}}" for k, v in CONSTANTS.items()]
    weights = ",".join(str((7 * k + 3) % 23 - 11) for k in range(30))
    return f"""<ir_version: 10, opset_import: ["" : {opset}]>
    f (float[{shape}] x) => (float[{result or shape}] y)
    <float sx={{0.0431}}, int8 zx={{-7}}, float sy={{0.0173}}, int8 zy={{5}}, {", ".join(used)}, {CHANNELS},
     int8[6,5] w={{{weights}}}, float sw={{0.0123}}, int8 zw={{0}}, int64[2] ax={{2,3}}>
    {{
      q = QuantizeLinear(x, sx, zx)
      d = DequantizeLinear(q, sx, zx)
      v = DequantizeLinear(w, sw, zw)
      {body}
      y_q = QuantizeLinear(h, sy, zy)
      y = DequantizeLinear(y_q, sy, zy)
    }}"""


TABLES = {
    "gelu by Erf": "a = Div(d, r2)\n e = Erf(a)\n c = Add(e, one)\n f = Mul(d, c)\n h = Mul(f, half)",
    "gelu by Erf, factors first": "a = Mul(d, rr2)\n e = Erf(a)\n c = Add(one, e)\n f = Mul(half, d)\n h = Mul(f, c)",
    "gelu by Tanh": """p = Pow(d, three)\n k = Mul(p, cube)\n c = Add(d, k)\n e = Mul(c, s2pi)\n t = Tanh(e)
      o = Add(t, one)\n i = Mul(d, half)\n h = Mul(i, o)""",
    "gelu by Tanh without Pow": """p = Mul(d, d)\n p3 = Mul(p, d)\n k = Mul(p3, cube)\n c = Add(d, k)\n e = Mul(c, s2pi)
      t = Tanh(e)\n o = Add(t, one)\n i = Mul(d, half)\n h = Mul(i, o)""",
    "Gelu": "h = Gelu(d)",
    "Gelu tanh": 'h = Gelu<approximate="tanh">(d)',
    "Mish": "s = Softplus(d)\n t = Tanh(s)\n h = Mul(d, t)",
    "Swish": "s = Sigmoid(d)\n h = Mul(d, s)",
    "HardSigmoid and Mul": "s = HardSigmoid<alpha=0.16666667,beta=0.5>(d)\n h = Mul(d, s)",
    "HardSwish by Clip and Div": "a = Add(d, three)\n c = Clip(a, zero, six)\n k = Mul(d, c)\n h = Div(k, six)",
    "HardSwish by Div and Clip": "a = Div(d, six)\n o = Add(a, half)\n c = Clip(o, zero, one)\n h = Mul(d, c)",
    "Softplus of a scaled x": "a = Mul(d, two)\n s = Softplus(a)\n h = Div(s, two)",
    "x minus its Relu": "r = Relu(d)\n h = Sub(d, r)",
}


MICROSOFT = {
    "BiasGelu": "float[6] k={0.2,0.2,0.2,0.2,0.2,0.2}",
    "FastGelu": "float[6] k={0.2,0.2,0.2,0.2,0.2,0.2}",
    "Gelu": "",
    "QuickGelu": "",
}


@pytest.mark.parametrize("name", MICROSOFT)
def test_the_functions_of_the_microsoft_domain_are_tables(name):
    operands = "d, k" if MICROSOFT[name] else "d"
    text = net(f"h = com.microsoft.{name}({operands})").replace('["" : 20]', '["" : 17, "com.microsoft" : 1]')
    text = text.replace("int64[2] ax={2,3}", MICROSOFT[name] or "int64[2] ax={2,3}")
    assert [n.op.name for n in lowered(text)] == ["Input", "Table"]
    assert_equal_to_oracle(text, 64)


@pytest.mark.parametrize("name", TABLES)
def test_a_function_written_out_is_one_table(name):
    text = net(TABLES[name])
    assert [n.op.name for n in lowered(text)] == ["Input", "Table"]
    assert_equal_to_oracle(text, 64)


PRODUCT = "m = MatMul(d, v)\n "
BATCH_NORM = "s = Add(va, eps)\n r = Sqrt(s)\n i = Reciprocal(r)\n k = Mul(i, g)\n n = Mul(m, k)\n o = Mul(mu, k)\n t = Sub(be, o)\n h = Add(n, t)"
ROUNDED = {
    "Relu6 as Clip": "h = Clip(m, zero, six)",
    "Clip without a lower bound": "h = Clip(m, , half)",
    "Clip as Max and Min": "c = Max(m, zero)\n h = Min(c, six)",
    "bias on the left": "h = Add(b, m)",
    "batch norm as its parts": "a = Sub(m, mu)\n e = Div(a, va)\n c = Mul(e, g)\n h = Add(c, be)",
    "batch norm of constants": BATCH_NORM,
}


@pytest.mark.parametrize("name", ROUNDED)
def test_a_line_behind_a_product_joins_its_rounding(name):
    text = net(PRODUCT + ROUNDED[name], result="1,4,5")
    assert [n.op.name for n in lowered(text)] == ["Input", "Constant", "MatMul", "Requantize"]
    assert_equal_to_oracle(text, 64)


def test_batch_normalization_of_codes_and_of_a_gemm():
    assert_equal_to_oracle(net("h = BatchNormalization(d, g, be, mu, va)", "1,5,6"), 64)
    gemm = "c = Gemm(d, v)\n n = BatchNormalization(c, g, be, mu, va)\n h = Relu(n)"
    assert_equal_to_oracle(net(gemm, "1,6", "1,5"), 64)


def test_the_shape_arithmetic_of_exporters_folds():
    body = """s = Shape(d)\n l = Slice(s, m1, far)\n f = Cast<to=1>(l)\n r = Sqrt(f)\n i = Div(one, r)\n k = Sqrt(i)
      a = Mul(d, k)\n n0 = Gather(s, i0)\n n1 = Gather(s, i1)\n p = Mul(n1, i6)\n u0 = Unsqueeze(n0, i00)
      u1 = Unsqueeze(p, i00)\n t = Concat<axis=0>(u0, u1)\n h = Reshape(a, t)"""
    text = net(body, result="1,24").replace("int64[2] ax={2,3}", "int64[1] m1={-1}, int64[1] far={9223372036854775807}, "
        "int64 i0={0}, int64 i1={1}, int64 i6={6}, int64[1] i00={0}")  # fmt: skip
    assert [n.op.name for n in lowered(text)] == ["Input", "Table", "Reshape"]
    assert_equal_to_oracle(text)


def test_a_linear_layer_of_three_axes_may_be_a_gemm_between_reshapes():
    body = "r = Reshape(d, flat)\n c = Gemm(r, v, b)\n h = Reshape(c, back)"
    text = net(body, result="1,4,5").replace("int64[2] ax={2,3}", "int64[2] flat={-1,6}, int64[3] back={1,4,5}")
    assert_equal_to_oracle(text)


@pytest.mark.parametrize("after", ["h = ReduceMean(d, ax)", "p = ReduceMean(d, ax)\n h = Sigmoid(p)"])
def test_a_global_average_pool_as_a_mean(after):
    assert_equal_to_oracle(net(after, "1,4,3,5", "1,4,1,1"), 64)


def test_a_curve_that_nothing_rounds_in_front_of_a_sum_is_refused_with_the_way_out():
    text = net("s = Sigmoid(d)\n [pool] h = ReduceMean(s, ax)", "1,4,3,5", "1,4,1,1")
    with pytest.raises(UnsupportedOp) as error:
        lowered(text)
    assert str(error.value) == (
        "error: ReduceMean 'pool' (node 4 of test.onnx): it computes with a float tensor\n"
        "  found:    's', from Sigmoid 's' (node 3 of test.onnx): not quantized\n"
        "  expected: a QuantizeLinear/DequantizeLinear pair on every activation and every weight\n"
        "  fix:      put a QuantizeLinear and a DequantizeLinear behind 's' where the model was quantized"
    )


def test_an_operator_of_another_domain_is_not_taken_for_its_namesake():
    text = net("[mine] h = my.ops.Relu(d)").replace('["" : 20]', '["" : 17, "my.ops" : 1]')
    with pytest.raises(UnsupportedOp, match=r"my.ops.Relu 'mine' \(node 3 of test.onnx\)"):
        lowered(text)
