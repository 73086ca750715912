# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx.parser
import pytest

from hwgen.cli import run_command

MODEL = """
<ir_version: 8, opset_import: ["": 17]>
tiny (float[1, 4] x) => (float[1, 4] y) <float b = {0.5}> { sum = Add(x, b)  y = Relu(sum) }
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    onnx.save(onnx.parser.parse_model(MODEL), tmp_path / "tiny.onnx")
    np.savez(tmp_path / "x.npz", in_x=np.linspace(-1, 1, 40).reshape(10, 1, 4), labels=np.zeros(10))
    return tmp_path / "tiny.onnx"


def test_the_answer_says_what_to_do_next(model: Path, capsys: pytest.CaptureFixture) -> None:
    assert run_command(["quantize", str(model), "--calib", str(model.with_name("x.npz"))]) == 0
    written = model.with_name("tiny.s8.onnx")
    printed = capsys.readouterr().out.splitlines()
    assert printed == [
        "note: x.npz: ignored labels",
        f"{written}: style s8, calibrated on 10 samples",
        f"next: hwgen check {written}",
    ]
    assert "QuantizeLinear" in {node.op_type for node in onnx.load(written).graph.node}


def test_the_document_names_the_file_and_the_notes(model: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["quantize", str(model), "--calib", str(model.with_name("x.npz")), "-o", str(model.with_name("q.onnx"))]
    assert run_command([*words, "--style", "u8s8-per-channel", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "schema_version": 1, "ok": True, "model": str(model.with_name("q.onnx")), "style": "u8s8-per-channel",
        "samples": 10, "notes": ["x.npz: ignored labels"],
    }  # fmt: skip


@pytest.mark.parametrize("shape", ["x", "x=", "=1,4", "x=1,a", "x=1,0"])
def test_a_shape_that_is_none_is_refused(model: Path, shape: str, capsys: pytest.CaptureFixture) -> None:
    assert run_command(["quantize", str(model), "--calib", "x.npz", "--shape", shape]) == 1
    assert f"error: --shape: not a shape\n  found:    {shape}" in capsys.readouterr().err
