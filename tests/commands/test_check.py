# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import onnx.parser

from hwgen.targets import TARGETS
from tests.commands.conftest import EXAMPLES, MLP, Run

FLOAT = """
<ir_version: 8, opset_import: ["": 17]>
net (float[1, 4] x) => (float[1, 3] y) <float[4, 3] w = {1,2,3,4,5,6,7,8,9,10,11,12}>
{ p = MatMul(x, w)  q = Relu(p)  y = Einsum<equation="ij->ij">(q) }
"""


def test_a_model_that_can_be_built_is_described(run: Run) -> None:
    code, text, _ = run("check", MLP)
    assert code == 0
    assert text.startswith("digits_mlp: can be built\n  operators    3 Gemm\n")
    assert "2,720 multiply-accumulates a frame" in text
    assert "on the host  QuantizeLinear 'image_QuantizeLinear', DequantizeLinear 'logits'" in text
    assert all(target.name in text for target in TARGETS)


def test_the_multiply_accumulates_are_those_of_the_network(run: Run) -> None:
    _, document, _ = run("check", EXAMPLES / "digits_cnn.onnx", json=True)
    assert document["macs"] == 8 * 8 * 9 * 8 + 4 * 4 * 9 * 8 * 16 + 64 * 10 == 23_680


def test_the_document_has_the_keys_that_others_rely_on(run: Run) -> None:
    code, document, _ = run("check", MLP, json=True)
    assert (code, document["schema_version"], document["ok"], document["blockers"]) == (0, 1, True, [])
    assert document["host"] == ["QuantizeLinear 'image_QuantizeLinear'", "DequantizeLinear 'logits'"]
    targets = {t["target"]: t for t in document["targets"]}
    assert targets["ecp5-85k"]["fits"] and targets["ecp5-85k"]["fps"] > targets["ecp5-25k"]["fps"] > 1000
    assert "logits_QuantizeLinear_Output" in document["tensors"]


def test_every_blocker_is_listed_with_its_node(run: Run, tmp_path: Path) -> None:
    onnx.save(onnx.parser.parse_model(FLOAT), tmp_path / "net.onnx")
    code, document, _ = run("check", tmp_path / "net.onnx", json=True)
    assert (code, document["ok"]) == (1, False)
    assert {"MatMul", "Einsum"} <= {blocker["op"] for blocker in document["blockers"]}
    for blocker in document["blockers"]:
        assert all(blocker[key] for key in ("node", "op", "where", "found", "expected", "fix"))


def test_a_model_may_be_cut_at_a_tensor(run: Run) -> None:
    _, document, _ = run("check", MLP, "--to", "active2_QuantizeLinear_Output", json=True)
    assert document["operators"] == {"Gemm": 2} and document["outputs"][0]["shape"] == [1, 16]


def test_an_unknown_tensor_is_answered_with_similar_names(run: Run) -> None:
    code, _, error = run("check", MLP, "--to", "active2_QuantizeLinear_Outpt")
    assert code == 1 and "active2_QuantizeLinear_Output" in error
