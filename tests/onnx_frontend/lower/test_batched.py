# SPDX-License-Identifier: Apache-2.0
"""Products with a batch of constant matrices."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwgen.kernels.matmul.op import MatMul
from tests.models import Pair, assert_equal_to_oracle


def model(constant_is_right: bool, per_channel: bool, batch: tuple[int, ...] = (2, 3)) -> onnx.ModelProto:
    rng = np.random.default_rng(0)
    rows, summed, columns = 4, 5, 6
    right = constant_is_right
    x = (*batch, rows, summed) if right else (*batch, summed, columns)
    w = rng.integers(-128, 128, (*batch, summed, columns) if right else (*batch, rows, summed)).astype(np.int8)
    axis = len(batch) + (1 if right else 0)
    scales = rng.uniform(0.005, 0.02, w.shape[axis]).astype(np.float32)
    constants = {
        "s": np.float32(0.02), "z": np.int8(3), "w": w, "sw": scales if per_channel else scales[0],
        "zw": np.zeros(w.shape[axis], np.int8) if per_channel else np.int8(-4), "sy": np.float32(0.11), "zy": np.int8(-7),
        "shape": np.array(x, np.int64),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("QuantizeLinear", ["x", "s", "z"], ["xq"]), node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
        node("Reshape", ["xd", "shape"], ["xr"]),
        node("DequantizeLinear", ["w", "sw", "zw"], ["wd"], **({"axis": axis} if per_channel else {})),
        node("MatMul", ["xr", "wd"] if right else ["wd", "xr"], ["p"], name="product"), node("Relu", ["p"], ["r"]),
        node("QuantizeLinear", ["r", "sy", "zy"], ["yq"]), node("DequantizeLinear", ["yq", "sy", "zy"], ["y"]),
    ]  # fmt: skip
    graph = helper.make_graph(
        nodes, "m", [helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, int(np.prod(x))))],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (*batch, rows, columns))],
        [numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


@pytest.mark.parametrize("constant_is_right", [True, False])
@pytest.mark.parametrize("per_channel", [True, False])
def test_a_batch_of_products_is_one_in_groups(constant_is_right: bool, per_channel: bool) -> None:
    proto = model(constant_is_right, per_channel)
    assert_equal_to_oracle(proto, 16)
    (product,) = [n.op for n in Pair.of(proto).graph.nodes if isinstance(n.op, MatMul)]
    assert product.groups == 6
