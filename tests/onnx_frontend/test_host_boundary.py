# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json

import numpy as np
import pytest

from hwgen.errors import UserError
from hwgen.ir.evaluate import evaluate
from onnx_frontend.host_boundary import HostBoundary, host_boundary
from tests.models import DENSE, Pair
from tests.onnx_frontend.lower.test_layers import PAIR, net

LOG_SOFTMAX = net(
    "1,4",
    "1,4",
    "r = Relu(d)\n r_q = QuantizeLinear(r, s2, z2)\n e = DequantizeLinear(r_q, s2, z2)\n h = LogSoftmax<axis=-1>(e)",
)
FLOAT_TAIL = """
m (float[1,4] x) => (float[1,4] y) <float s={0.5}, int8 z={3}, float t={0.25}, uint8 u={9}, float half={0.5}, float[4] k={1.0,2.0,3.0,4.0}>
{
  a = Mul(x, half)
  b = Add(a, k)
  q = QuantizeLinear(b, s, z)
  d = DequantizeLinear(q, s, z)
  r = Relu(d)
  r_q = QuantizeLinear(r, t, u)
  e = DequantizeLinear(r_q, t, u)
  o = Add(e, d)
  y = LogSoftmax(o)
}"""
UNROUNDED = """
m (float[1,4] x) => (float[1,3] y) <float s={0.5}, int8 z={3}, int8[4,3] w={1,2,3,-4,5,6,7,8,9,10,11,-12}, float[3] sw={0.5,0.3,0.1}, int8[3] zw={0,0,0}, float[3] b={0.1,-2.0,7.0}>
{
  q = QuantizeLinear(x, s, z)
  d = DequantizeLinear(q, s, z)
  v = DequantizeLinear<axis=1>(w, sw, zw)
  h = Gemm(d, v, b)
  y = Relu(h)
}"""


def through(text: str, samples: int = 9) -> tuple[HostBoundary, dict, dict]:
    """The boundary after a way through JSON, our outputs, and onnxruntime's."""
    pair = Pair.of(text)
    host = HostBoundary.from_json(json.loads(json.dumps(host_boundary(pair.quantized, pair.graph).to_json())))
    inputs = pair.inputs(samples)
    codes = host.to_codes(inputs)
    ours = host.to_outputs({**codes, **evaluate(pair.graph, codes)}, inputs)
    return host, ours, pair.oracle.run(inputs, [t.name for t in host.outputs])


@pytest.mark.parametrize(
    ("text", "operators"),
    [
        (DENSE, ("QuantizeLinear 'x_q'", "DequantizeLinear 'y'")),
        (LOG_SOFTMAX, ("QuantizeLinear 'q'", "LogSoftmax 'h'", "QuantizeLinear 'y_q'", "DequantizeLinear 'y'")),
        (FLOAT_TAIL, ("Mul 'a'", "Add 'b'", "QuantizeLinear 'q'", "Add 'o'", "LogSoftmax 'y'")),
        (UNROUNDED, ("QuantizeLinear 'q'", "Relu 'y'")),
    ],
)
def test_the_host_and_the_graph_together_are_the_model(text, operators):
    host, ours, theirs = through(text)
    assert host.operators == operators
    np.testing.assert_allclose(ours["y"], theirs["y"], rtol=2e-6, atol=2e-6)
    assert (ours["y"].dtype, ours["y"].shape) == (theirs["y"].dtype, theirs["y"].shape)


def test_the_sums_of_a_last_layer_that_nothing_rounds_are_an_output_with_a_scale_and_an_offset():
    pair = Pair.of(UNROUNDED)
    assert [n.op.name for n in pair.graph.outputs.values()] == ["MatMul"]
    label = pair.graph.labels["h"]
    assert (len(label.scale), len(label.offset), label.axis) == (3, 3, 1)


def test_the_first_quantization_equals_onnxruntime_to_the_bit():
    pair = Pair.of(net("1,5000", "1,5000", "h = Relu(d)"))
    x = np.random.default_rng(0).normal(0, 3, (4, 1, 5000)).astype(np.float32)
    x[:2] = np.float32(0.0431 / 2) * np.arange(-5000, 5000, dtype=np.float32).reshape(2, 1, 5000)  # next to ties
    inputs = {"x": x}
    codes = host_boundary(pair.quantized, pair.graph).to_codes(inputs)
    assert np.array_equal(codes["q"], pair.oracle.run(inputs, ["q"])["q"])


def test_a_log_softmax_in_the_middle_is_no_ending():
    body = (
        PAIR
        + "s = LogSoftmax<axis=-1>(e)\n s_q = QuantizeLinear(s, s2, z2)\n f = DequantizeLinear(s_q, s2, z2)\n v = DequantizeLinear(w, sw, zw)\n h = MatMul(f, v)"
    )
    text = net("1,2", "1,2", body, "int8[2,2] w={1,2,3,4}")
    with pytest.raises(UserError, match=r"LogSoftmax 's' .*: there is no kernel for this operator here"):
        Pair.of(text)


@pytest.mark.parametrize(
    ("inputs", "what"),
    [({"z": np.zeros((2, 1, 4))}, "it is missing"), ({"x": np.zeros((2, 4))}, "wrong shape")],
)
def test_wrong_inputs_are_refused(inputs, what):
    pair = Pair.of(DENSE)
    with pytest.raises(UserError, match=f"input 'x': {what}"):
        host_boundary(pair.quantized, pair.graph).to_codes(inputs)
