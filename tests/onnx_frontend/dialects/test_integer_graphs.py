# SPDX-License-Identifier: Apache-2.0
"""Graphs of integers without any QuantizeLinear: grids of scale 1."""

from __future__ import annotations

import numpy as np
import pytest

from hwgen.errors import UnsupportedOp
from hwgen.ir.evaluate import evaluate
from tests.models import lowered, parse

MODEL = """
<ir_version: 8, opset_import: ["" : 14]>
m (int8[1,3] a, int8[1,3] b) => (int8[1,3] y) {
  s = Add(a, b)
  y = Max(s, b)
}
"""


def test_integer_arithmetic_is_exact_and_saturates() -> None:
    graph = lowered(MODEL)
    rng = np.random.default_rng(0)
    a, b = (rng.integers(-128, 128, (50, 1, 3)) for _ in range(2))
    (found,) = evaluate(graph, {"a": a, "b": b}).values()
    assert np.array_equal(found, np.maximum(np.clip(a + b, -128, 127), b))


def test_arithmetic_on_codes_of_another_scale_is_refused() -> None:
    text = """
    m (int8[4] a) => (float[4] y) <float s={0.5}> {
      c = Add(a, a)
      y = DequantizeLinear(c, s)
    }
    """
    with pytest.raises(UnsupportedOp, match="computes on raw integer codes"):
        lowered(parse('<ir_version: 8, opset_import: ["" : 14]>' + text))


def test_a_constant_that_pads_codes_is_a_code() -> None:
    text = """
    <ir_version: 8, opset_import: ["" : 13]>
    m (int8[1,1,2,2] x) => (int8[1,1,4,4] y) <int64[8] p={0,0,1,1,0,0,1,1}, int8 v={-7}> { y = Pad(x, p, v) }
    """
    (found,) = evaluate(lowered(text), {"x": np.zeros((1, 1, 1, 2, 2), np.int64)}).values()
    assert found.min() == -7 and (found == 0).sum() == 4
