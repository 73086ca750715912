# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from hwgen.ir import evaluate as module
from hwgen.ir.evaluate import evaluate
from tests.models import DENSE, lowered
from tests.onnx_frontend.lower.test_layers import PAIR, net

GRAPH = lowered(DENSE)
CODES = np.random.default_rng(0).integers(-128, 128, (10, 1, 4)).astype(np.int8)


def test_inputs_go_by_node_name_or_by_tensor_name():
    by_node, by_tensor = evaluate(GRAPH, {"x": CODES}), evaluate(GRAPH, {"x_q": CODES})
    assert np.array_equal(by_node["y_q"], by_tensor["y_q"])
    assert by_node["y_q"].shape == (10, 1, 2)


def test_the_pieces_do_not_change_the_result(monkeypatch):
    whole = evaluate(GRAPH, {"x": CODES})["y_q"]
    monkeypatch.setattr(module, "CHUNK_BYTES", 1)
    seen = []
    pieces = evaluate(GRAPH, {"x": CODES}, tap=lambda node, first, values: seen.append((node.name, first, len(values))))
    assert np.array_equal(pieces["y_q"], whole)
    assert [s for s in seen if s[0] == "dense"] == [("dense", k, 1) for k in range(10)]


def test_taps_are_returned_under_node_names():
    values = evaluate(GRAPH, {"x": CODES}, taps=["dense_matmul", "x"])
    assert np.array_equal(values["x"], CODES)
    assert np.array_equal(values["dense_matmul"], CODES.astype(int) @ GRAPH["dense_weights"].op.values.T)


def test_a_value_with_two_readers_lives_until_the_second():
    graph = lowered(net("1,4", "1,4", PAIR + "p = Add(e, d)\n h = Relu(p)"))
    assert evaluate(graph, {"q": CODES})["y_q"].shape == (10, 1, 4)


@pytest.mark.parametrize(
    ("codes", "word"),
    [
        ({}, "no codes for input 'x'"),
        ({"x": CODES[:, 0]}, "needs integers of shape"),
        ({"x": CODES.astype(float)}, "needs integers of shape"),
        ({"x": CODES.astype(int) + 1000}, "codes outside of"),
    ],
)
def test_wrong_codes_are_refused(codes, word):
    with pytest.raises(ValueError, match=word):
        evaluate(GRAPH, codes)
