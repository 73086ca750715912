# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.errors import UserError
from hwgen.kernels.layer_norm.op import LayerNorm
from tests.models import assert_equal_to_oracle, lowered
from tests.onnx_frontend.lower.test_layers import net

ROW = 24
RNG = np.random.default_rng(0)
GAMMA, BETA = (",".join(f"{v:.5f}" for v in RNG.normal(m, 0.3, ROW)) for m in (1, 0))
CODES = ",".join(str(v) for v in RNG.integers(-127, 128, ROW))
CONSTANTS = f"""float[{ROW}] g={{{GAMMA}}}, float[{ROW}] b={{{BETA}}}, int8[{ROW}] gq={{{CODES}}}, int32[{ROW}] bq={{{CODES}}},
 float sb={{0.004}}, int32 zb={{0}}, float two={{2.0}}, float half={{0.5}}, float minus_half={{-0.5}}, float one={{1.0}},
 float epsilon={{0.00001}}, int64[1] last={{-1}}, int64[2] shape={{3,{ROW}}}"""


def model(body: str, opset: int = 17) -> str:
    text = net(f"2,3,{ROW}", f"2,3,{ROW}", body, CONSTANTS).replace("float sy={0.25}", "float sy={0.0351}")
    return f'<ir_version: 8, opset_import: ["": {opset}]>' + text


def norm_of(text: str) -> LayerNorm:
    (op,) = (n.op for n in lowered(text).nodes if isinstance(n.op, LayerNorm))
    return op


SPELLINGS = {
    "scale and bias": "h = LayerNormalization(d, g, b)",
    "no bias": "h = LayerNormalization<epsilon=0.001>(d, g)",
    "quantized": "s = DequantizeLinear(gq, sw, zw)\n t = DequantizeLinear(bq, sb, zb)\n h = LayerNormalization(d, s, t)",
    "rms": "h = SimplifiedLayerNormalization(d, g)",
    "a line behind it": "n = LayerNormalization(d, g)\n m = Mul(n, half)\n h = Add(m, b)",
    "a clip behind it": "n = LayerNormalization(d, g)\n h = Relu(n)",
}


@pytest.mark.parametrize("body", SPELLINGS.values(), ids=SPELLINGS)
def test_a_normalization_is_one_operator(body: str) -> None:
    assert [n.op.name for n in lowered(model(body)).nodes] == ["Input", "LayerNorm"]
    assert norm_of(model(body)).centered == ("Simplified" not in body)
    assert_equal_to_oracle(model(body), 64)


def test_rms_normalization_of_the_standard() -> None:
    assert_equal_to_oracle(model("h = RMSNormalization(d, g)", opset=23), 64)


@pytest.mark.parametrize("axis, rows", [(-1, (1, 3, ROW)), (1, (1, 3 * ROW)), (0, (6 * ROW,))])
def test_rows_are_all_axes_from_axis_on(axis: int, rows: tuple[int, ...]) -> None:
    text = model(f"h = LayerNormalization<axis={axis}>(d, one)")
    (norm,) = (n for n in lowered(text).nodes if isinstance(n.op, LayerNorm))
    assert norm.type.shape == rows
    assert_equal_to_oracle(text, 64)


MEAN = "m = ReduceMean<axes=[-1]>(d)\n s = Sub(d, m)\n"
WRITTEN = {
    "layer norm": MEAN + "p = Pow(s, two)\n v = ReduceMean<axes=[-1]>(p)\n a = Add(v, epsilon)\n r = Sqrt(a)\n n = Div(s, r)",
    "a deviation computed twice": MEAN + "e = Sub(d, m)\n p = Mul(e, e)\n v = ReduceMean<axes=[-1]>(p)\n a = Add(epsilon, v)\n"
    " r = Pow(a, half)\n i = Reciprocal(r)\n n = Mul(s, i)",
    "rms": "p = Mul(d, d)\n v = ReduceMean<axes=[2]>(p)\n a = Add(v, epsilon)\n r = Sqrt(a)\n i = Div(one, r)\n n = Mul(i, d)",
    "rms by a power": "p = Pow(d, two)\n v = ReduceMean<axes=[-1]>(p)\n a = Add(v, epsilon)\n i = Pow(a, minus_half)\n n = Mul(d, i)",
    "over two axes": "p = Pow(d, two)\n v = ReduceMean<axes=[-1,-2]>(p)\n a = Add(v, epsilon)\n r = Sqrt(a)\n n = Div(d, r)",
}  # fmt: skip


@pytest.mark.parametrize("body", WRITTEN.values(), ids=WRITTEN)
def test_a_normalization_written_out_is_the_same_operator(body: str) -> None:
    text = model(body + "\n t = Mul(n, g)\n h = Add(t, b)", opset=13)
    assert norm_of(text).centered == ("Sub" in body)
    assert_equal_to_oracle(text, 64)


def test_axes_may_be_an_input() -> None:
    body = WRITTEN["layer norm"].replace("ReduceMean<axes=[-1]>(d)", "ReduceMean(d, last)")
    text = model(body.replace("ReduceMean<axes=[-1]>(p)", "ReduceMean(p, last)") + "\n h = Mul(n, g)", opset=18)
    assert norm_of(text) == norm_of(model("h = LayerNormalization(d, g)"))


LOOKALIKES = {
    "the mean of another axis": WRITTEN["layer norm"].replace("<axes=[-1]>(d)", "<axes=[-2]>(d)"),
    "another power": WRITTEN["layer norm"].replace("Pow(s, two)", "Pow(s, half)"),
    "no epsilon": WRITTEN["layer norm"].replace("a = Add(v, epsilon)", "a = Mul(v, epsilon)"),
    "the square of x beside a deviation": WRITTEN["layer norm"].replace("Pow(s, two)", "Pow(d, two)"),
    "the axis in front": WRITTEN["rms"].replace("axes=[2]", "axes=[1]"),
}  # fmt: skip


@pytest.mark.parametrize("body", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_like_one_is_refused(body: str) -> None:
    with pytest.raises(UserError, match=r"test.onnx"):
        lowered(model(body + "\n h = Mul(n, g)", opset=13))


def test_a_normalization_with_rounding_inside_is_refused_where_it_divides() -> None:
    body = WRITTEN["layer norm"].replace(
        "s = Sub(d, m)", "c = Sub(d, m)\n cq = QuantizeLinear(c, sx, zx)\n s = DequantizeLinear(cq, sx, zx)"
    )
    body = body.replace(
        "r = Sqrt(a)", "k = Sqrt(a)\n kq = QuantizeLinear(k, sx, zx)\n r = DequantizeLinear(kq, sx, zx)"
    )
    with pytest.raises(UserError, match=r"Div 'n' .*: there is no kernel for this operator here"):
        lowered(model(body + "\n h = Mul(n, g)", opset=13))


def test_what_is_no_line_behind_it_is_refused() -> None:
    with pytest.raises(UserError, match=r"Sigmoid 'h' .*this function of a normalization is not supported"):
        lowered(model("n = LayerNormalization(d, g)\n h = Sigmoid(n)"))


def test_a_mean_that_is_read_is_refused() -> None:
    body = """n, mean = LayerNormalization(d, g)
      nq = QuantizeLinear(n, sx, zx)
      mq = QuantizeLinear(mean, sx, zx)
      nd = DequantizeLinear(nq, sx, zx)
      md = DequantizeLinear(mq, sx, zx)
      h = Add(nd, md)"""
    with pytest.raises(UserError, match=r"its mean or deviation is read as well"):
        lowered(model(body))


def test_an_epsilon_of_0_is_refused() -> None:
    with pytest.raises(UserError, match=r"its epsilon is not positive"):
        lowered(model("h = LayerNormalization<epsilon=0.0>(d, g)"))


def test_a_scale_computed_at_run_time_is_refused() -> None:
    with pytest.raises(UserError, match=r"one of its parameters is computed at run time"):
        lowered(model("e = ReduceMean<axes=[0,1], keepdims=0>(d)\n h = LayerNormalization(d, e)"))
