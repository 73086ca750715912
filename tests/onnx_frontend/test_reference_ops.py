# SPDX-License-Identifier: Apache-2.0
"""Our float32 formulas of QONNX and FINN operators against the QONNX executor, where that is installed."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from onnx_frontend.oracle import Oracle

DOMAIN = "qonnx.custom_op.general"
MODES = ("ROUND", "HALF_EVEN", "CEIL", "FLOOR", "UP", "DOWN", "HALF_UP", "HALF_DOWN")
THRESHOLDS = [[-2.0, 0.0, 0.5], [-1.0, -1.0, 3.0]]
CASES = [
    *(("Quant", (0.5, 3.0, 4.0), 1, {"signed": s, "narrow": n, "rounding_mode": m}) for m in MODES for s in (0, 1) for n in (0, 1)),
    ("IntQuant", ([[[0.25]], [[0.5]]], 0.0, 1.0), 1, {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}),
    ("BipolarQuant", (0.75,), 1, {}),
    *(("Trunc", (0.25, 4.0, 6.0, 4.0), 1, {"rounding_mode": m}) for m in MODES),
    *(("Trunc", (0.25, 4.0, 6.0, 1.0, 3.0), 2, {"rounding_mode": m, "signed": 1, "narrow": 1}) for m in MODES),
    ("MultiThreshold", (THRESHOLDS,), 1, {"out_dtype": "INT4", "out_scale": 2.0, "out_bias": -1.0}),
    ("MultiThreshold", (THRESHOLDS,), 1, {"out_dtype": "INT4", "data_layout": "NHWC"}),
]  # fmt: skip


def model(op: str, constants: tuple, version: int, attributes: dict[str, object]) -> onnx.ModelProto:
    shape = (1, 5, 4, 2) if attributes.get("data_layout") else (1, 2, 5, 4)
    names = [f"c{k}" for k in range(len(constants))]
    node = helper.make_node(op, ["x", *names], ["y"], "mine", domain=DOMAIN, **attributes)
    x, y = (helper.make_tensor_value_info(n, 1, shape) for n in ("x", "y"))
    arrays = [numpy_helper.from_array(np.asarray(c, np.float32), n) for c, n in zip(constants, names, strict=True)]
    imports = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, version)]
    return helper.make_model(helper.make_graph([node], "m", [x], [y], arrays), opset_imports=imports, ir_version=8)


@pytest.mark.parametrize(("op", "constants", "version", "attributes"), CASES)
def test_every_operator_equals_the_qonnx_executor(op, constants, version, attributes):
    pytest.importorskip("qonnx", reason="the QONNX executor is not installed")
    proto = model(op, constants, version, attributes)
    shape = [d.dim_value for d in proto.graph.input[0].type.tensor_type.shape.dim]
    x = (np.random.default_rng(3).integers(-40, 40, (4, *shape)) / 8).astype(np.float32)
    ours, theirs = (Oracle(proto, engine).run({"x": x}, ["y"])["y"] for engine in ("reference", "qonnx"))
    assert np.array_equal(ours, theirs)


def test_the_zero_point_comes_before_rounding():
    proto = model("Quant", (1.0, 3.0, 5.0), 1, {"signed": 1, "narrow": 0, "rounding_mode": "UP"})
    x = np.full((1, 1, 2, 5, 4), -1.5, np.float32)
    assert set(Oracle(proto, "reference").run({"x": x}, ["y"])["y"].ravel()) == {-1.0}
