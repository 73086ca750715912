# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys

import numpy as np
import pytest

from hwgen.errors import ToolMissing, UserError
from onnx_frontend.oracle import Oracle
from tests.models import DENSE, Pair, parse
from tests.onnx_frontend.test_normalize import FIXED_BATCH

INPUTS = {"x": np.arange(12, dtype=np.float32).reshape(3, 1, 4)}


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_any_tensor_can_be_asked_for(engine):
    text = '<ir_version: 9, opset_import: ["" : 19]>' + DENSE
    values = Oracle(parse(text), engine).run(INPUTS, ["x", "h", "y_q", "y"])
    assert {k: (v.shape, str(v.dtype)) for k, v in values.items()} == {
        "x": ((3, 1, 4), "float32"),
        "h": ((3, 1, 2), "float32"),
        "y_q": ((3, 1, 2), "int8"),
        "y": ((3, 1, 2), "float32"),
    }


def test_a_file_of_a_fixed_batch_is_run_by_whole_batches():
    oracle = Oracle(parse(FIXED_BATCH))
    frames = np.random.default_rng(0).normal(size=(8, 1, 2, 6)).astype(np.float32)
    values = oracle.run({"x": frames}, ["y"])["y"]
    assert np.array_equal(values, frames.reshape(8, 1, 12))
    with pytest.raises(UserError, match="samples do not fill the model's batch"):
        oracle.run({"x": frames[:6]}, ["y"])


def test_the_float_in_front_of_each_rounding_is_known():
    pair = Pair.of(DENSE)
    values = pair.oracle.codes(pair.quantized, pair.graph, INPUTS)
    assert set(values.codes) == {"x_q", "y_q"}
    assert np.array_equal(values.before_rounding["x_q"], INPUTS["x"])
    assert values.grids["y_q"].zero_point == (-1,)


def test_a_missing_onnxruntime_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ToolMissing, match="onnxruntime is not installed"):
        Oracle(parse(DENSE)).run(INPUTS, ["y"])


def test_a_model_that_onnxruntime_cannot_load_is_said():
    text = '<ir_version: 8, opset_import: ["" : 13, "mine" : 1]> m (float[1,4] x) => (float[1,4] y) { y = mine.Odd(x) }'
    with pytest.raises(UserError, match="onnxruntime cannot load the model"):
        Oracle(parse(text)).run(INPUTS, ["y"])


def test_the_float_in_front_of_a_clip_of_codes_is_known():
    text = """
    m (float[1,4] x) => (float[1,4] y) <float s = {0.5}, int8 z = {1}, int8 lo = {-3}, int8 hi = {4}>
    { q = QuantizeLinear(x, s, z)
      c = Clip(q, lo, hi)
      y = DequantizeLinear(c, s, z) }"""
    assert Oracle(parse(text)).rounded_from("c") == "x"
