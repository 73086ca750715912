# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.commands.conftest import Run
from tests.models import parse
from tests.onnx_frontend.lower.test_layer_norm import model


@pytest.fixture
def norm(tmp_path: Path) -> Path:
    """A normalization and samples for it."""
    onnx.save(parse(model("h = LayerNormalization(d, g, b)")), tmp_path / "norm.onnx")
    samples = np.random.default_rng(0).normal(0, 2, (400, 1, 3, 24)).astype(np.float32)
    np.savez(tmp_path / "norm.npz", x=samples)
    return tmp_path / "norm.onnx"


def test_a_smaller_error_leaves_no_difference(run: Run, norm: Path) -> None:
    inputs = ["--inputs", norm.with_suffix(".npz"), "--compare", "onnxruntime"]
    usual, fine = (run("run", norm, *inputs, *more, json=True)[1]["nodes"] for more in ([], ["--norm-error", "1e-7"]))
    assert (usual[0]["form"], fine[0]["form"]) == ("within 0.0095 LSB", "within 9.7e-08 LSB")
    assert usual[0]["different"] > fine[0]["different"] == 0 and usual[0]["unexplained"] == 0


def test_what_is_built_has_the_error_asked_for(run: Run, norm: Path, tmp_path: Path) -> None:
    words = ["-o", tmp_path / "out", "--target", "xcup", "--norm-error", "0.0001"]
    assert run("build", norm, *words)[0] == 0
    assert run("check", norm, "--norm-error", "0.0001")[0] == run("trace", norm, "h", "--norm-error", "0.0001")[0] == 0
    golden = (tmp_path / "out/golden/graph.json").read_text()
    assert '"root_bits": 2' in golden and '"root_bits": 1' not in golden


def test_an_error_that_cannot_be_meant_is_refused(run: Run, norm: Path) -> None:
    assert "--norm-error: not a usable error" in run("check", norm, "--norm-error", "7")[2]
