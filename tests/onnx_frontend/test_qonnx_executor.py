# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys

import numpy as np
import onnx
import pytest

from hwgen.errors import ToolMissing
from onnx_frontend.oracle import Oracle
from tests.models import shared_model


def test_a_missing_executor_is_said(monkeypatch):
    monkeypatch.setitem(sys.modules, "qonnx.core.modelwrapper", None)
    monkeypatch.setitem(sys.modules, "qonnx", None)
    with pytest.raises(ToolMissing, match="the QONNX executor is not installed"):
        Oracle(onnx.ModelProto(graph={"name": "m"}), "qonnx").run({"x": np.zeros((1, 1))}, [])


@pytest.mark.parametrize("name", ["tfc_2w2a.qonnx", "kws_mlp_w3a3.qonnx", "tfc_w1a1.finn"])
def test_it_runs_files_of_each_exporter_and_leaves_onnx_alone(name):
    pytest.importorskip("qonnx", reason="the QONNX executor is not installed")
    path, newest = shared_model(f"{name}.onnx"), onnx.IR_VERSION
    vectors, oracle = np.load(path.with_suffix(".npz")), Oracle.of_file(path, "qonnx")
    (x,), output = oracle.input_shapes, oracle.model.graph.output[0].name
    assert np.array_equal(oracle.run({x: vectors["in_x"][:2]}, [output])[output], vectors["out_qonnx"][:2])
    assert newest == onnx.IR_VERSION
