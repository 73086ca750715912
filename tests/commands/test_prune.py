# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwgen.cli import run_command

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_the_document_says_what_became_of_each_layer(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    words = ["prune", str(EXAMPLES / "digits_mlp.onnx"), "-o", str(tmp_path / "p.onnx"), "--pattern", "block 4x4"]
    assert run_command([*words, "--sparsity", "50", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["model"] == str(tmp_path / "p.onnx") and document["pattern"] == "block 4x4"
    assert {"node", "op", "weights", "kept_before", "kept", "skipped"} == set(document["layers"][0])
    assert document["layers"][0]["kept"] <= document["layers"][0]["weights"] / 2


def test_people_see_a_table_and_what_changes(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    model, samples = EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits_cnn.npz"
    assert run_command(["prune", str(model), "--calibration", str(samples), "-o", str(tmp_path / "p.onnx")]) == 0
    printed = capsys.readouterr().out
    assert "576 (50 %)" in printed and "the same largest entry in" in printed
    assert run_command(["check", str(tmp_path / "p.onnx")]) == 0
    assert "2:4" in capsys.readouterr().out


def test_a_file_that_is_no_model_is_refused_in_words(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "m.onnx").write_text("not a model")
    assert run_command(["prune", str(tmp_path / "m.onnx")]) == 1
    assert "cannot be read" in capsys.readouterr().err
