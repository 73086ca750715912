# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from onnx_frontend.boundary import find_boundary
from tests.models import DENSE, quantized
from tests.onnx_frontend.lower.test_layers import net
from tests.onnx_frontend.test_host_boundary import FLOAT_TAIL, LOG_SOFTMAX, UNROUNDED


def sides(text: str) -> tuple[list[str], list[str], list[str]]:
    edge = find_boundary(quantized(text))
    return tuple([n.op for n in part] for part in (edge.before, edge.device, edge.after))


def test_only_the_first_quantization_is_in_front_of_a_plain_model():
    assert sides(DENSE) == (["QuantizeLinear"], ["Gemm", "QuantizeLinear"], [])


def test_float_operators_at_both_ends_stay_on_the_host():
    assert sides(FLOAT_TAIL) == (["Mul", "Add", "QuantizeLinear"], ["Relu", "QuantizeLinear"], ["Add", "LogSoftmax"])


def test_a_final_log_softmax_takes_its_quantization_with_it():
    assert sides(LOG_SOFTMAX) == (["QuantizeLinear"], ["Relu", "QuantizeLinear"], ["LogSoftmax", "QuantizeLinear"])


def test_a_final_softmax_is_on_the_device_if_it_is_rounded():
    rounded = LOG_SOFTMAX.replace("LogSoftmax", "Softmax")
    assert sides(rounded) == (["QuantizeLinear"], ["Relu", "QuantizeLinear", "Softmax", "QuantizeLinear"], [])
    assert sides(FLOAT_TAIL.replace("LogSoftmax", "Softmax"))[2] == ["Add", "Softmax"]


def test_a_last_layer_without_rounding_is_on_the_device():
    assert sides(UNROUNDED) == (["QuantizeLinear"], ["Gemm"], ["Relu"])


def test_what_no_output_needs_is_nowhere():
    text = net("1,4", "1,4", "h = Relu(d)\n unused = Neg(d)\n u_q = QuantizeLinear(unused, sy, zy)")
    assert sides(text) == (["QuantizeLinear"], ["Relu", "QuantizeLinear"], [])
