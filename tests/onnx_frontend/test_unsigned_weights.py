# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest

from onnx_frontend.oracle import Oracle
from onnx_frontend.unsigned_weights import with_unsigned_weights
from tests.models import DENSE, parse

RNG = np.random.default_rng(0)
X = RNG.integers(128, 256, (4, 1, 64)).astype(np.uint8)
W = RNG.choice(np.array([-128, 127], np.int8), (64, 8))
EXACT = (X.astype(int) - 3) @ (W.astype(int) - 1)


def matmul(weights: str = "int8[64,8] w", zero: str = "zw", body: str = "") -> onnx.ModelProto:
    model = parse(f"""
        m (uint8[1,64] x) => (int32[1,8] y) <{weights}, uint8 zx = {{3}}, int8 zw = {{1}}>
        {{ {body} y = MatMulInteger(x, w, zx, {zero}) }}""")
    return with_values(model, {"w": W, "v": W})


def with_values(model: onnx.ModelProto, values: dict[str, np.ndarray]) -> onnx.ModelProto:
    """Initializers of the text filled with numbers."""
    for tensor in model.graph.initializer:
        if tensor.name in values:
            tensor.CopyFrom(onnx.numpy_helper.from_array(values[tensor.name], tensor.name))
    return model


def raw(model: onnx.ModelProto) -> np.ndarray:
    """onnxruntime on the file as it is."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.stack([session.run(None, {"x": x})[0] for x in X])


WEIGHTS = "int8[64,8] w = {" + ",".join("0" * 512) + "}"


def test_the_oracle_is_exact_on_every_cpu():
    assert np.array_equal(Oracle(matmul(WEIGHTS)).run({"x": X}, ["y"])["y"], EXACT)


def test_a_cpu_without_vnni_saturates_pairs_of_products_in_the_file_as_it_is():
    if np.array_equal(raw(matmul(WEIGHTS)), EXACT):
        pytest.skip("this CPU adds the products exactly")
    assert np.array_equal(raw(with_unsigned_weights(matmul(WEIGHTS))), EXACT)


def test_a_missing_zero_point_and_computed_weights_are_shifted_as_well():
    computed = matmul(WEIGHTS.replace(" w", " v"), zero="", body="w = Transpose<perm = [0, 1]>(v)")
    values = Oracle(computed).run({"x": X}, ["y", "w"])
    assert np.array_equal(values["y"], (X.astype(int) - 3) @ W.astype(int))
    assert values["w"].dtype == np.int8


def test_models_without_such_operands_stay_as_they_are():
    model = parse(DENSE)
    assert with_unsigned_weights(model) is model
    signed = parse("m (int8[1,2] x) => (int32[1,1] y) <int8[2,1] w = {1, 2}> { y = MatMulInteger(x, w) }")
    assert with_unsigned_weights(signed) == signed
