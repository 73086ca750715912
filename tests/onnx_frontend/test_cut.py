# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.errors import UserError
from onnx_frontend.cut import cut
from onnx_frontend.lower.lower import lower
from tests.models import quantized
from tests.onnx_frontend.lower.test_layers import PAIR, net
from tests.onnx_frontend.test_host_boundary import LOG_SOFTMAX

TWO = net("1,3", "1,3", PAIR + "h = Add(e, d)")


def test_the_end_of_a_cut_is_the_new_output_under_any_of_its_names():
    for name in ("r_q", "e"):
        graph = lower(cut(quantized(TWO), end=[name]))
        assert list(graph.outputs) == ["r_q"]
        assert [n.op.name for n in graph] == ["Input", "Table"]


def test_the_start_of_a_cut_is_a_new_input():
    graph = lower(cut(quantized(TWO), start=["e"]))
    assert [n.tensor for n in graph.inputs] == ["q", "r_q"]
    assert [n.op.name for n in graph] == ["Input", "Input", "Add"]


def test_a_float_tensor_at_the_start_is_quantized_by_the_host():
    part = cut(quantized(TWO), start=["r"])
    assert part.inputs == ("x", "r")
    assert [n.op.name for n in lower(part)] == ["Input", "Input", "Add"]


def test_a_cut_in_front_of_a_softmax_leaves_nothing_for_the_host_behind_it():
    part = cut(quantized(LOG_SOFTMAX), end=["e"])
    assert [o.name for o in part.outputs] == ["e"]
    assert list(lower(part).outputs) == ["r_q"]


def test_an_unknown_tensor_is_refused_with_near_names():
    with pytest.raises(UserError, match=r"--to of test.onnx: no such tensor") as error:
        cut(quantized(TWO), end=["r_qq"])
    assert "r_q" in str(error.value)
