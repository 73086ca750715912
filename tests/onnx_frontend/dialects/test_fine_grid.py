# SPDX-License-Identifier: Apache-2.0
"""Weights with scales per block, and weights in small floats: integers on a common grid, and against other engines."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hwgen.errors import UnsupportedOp
from onnx_frontend.dialects.fine_grid import common_steps
from tests.models import Pair, lowered, quantized

K, N = 32, 6
RNG = np.random.default_rng(5)


def dense(
    kind: str, shape: tuple[int, ...], scales: np.ndarray, opset: int = 21, zeros: np.ndarray | None = None, **weights
) -> onnx.ModelProto:
    """Q, DQ, product with dequantized weights of an ONNX type (transposed if `turned`), Q, DQ."""
    turned = weights.pop("turned", False)
    data_type, rng = getattr(TensorProto, kind), np.random.default_rng(0)
    if kind.startswith("FLOAT"):
        values = np.clip(rng.normal(0, 3, shape), -6, 6)
        values = values.astype(
            {"4E2": ml_dtypes.float4_e2m1fn, "8E4": ml_dtypes.float8_e4m3fn, "8E5": ml_dtypes.float8_e5m2}[kind[5:8]]
        )
    else:
        bits = int(kind.removeprefix("U").removeprefix("INT"))
        low = 0 if kind.startswith("U") else -(1 << bits - 1)
        values = rng.integers(low, low + (1 << bits), shape)
    names = ["w", "sw"] + ([] if zeros is None else ["zw"])
    e8m0 = scales.dtype == ml_dtypes.float8_e8m0fnu
    sw = (
        helper.make_tensor("sw", TensorProto.FLOAT8E8M0, scales.shape, scales.astype(np.float32).ravel())
        if e8m0
        else numpy_helper.from_array(scales, "sw")
    )
    constants = [helper.make_tensor("w", data_type, shape, values.astype(np.float32).ravel()), sw]
    if zeros is not None:
        constants.append(helper.make_tensor("zw", data_type, zeros.shape, zeros.ravel()))
    for name, value in (("sx", 0.0431), ("sy", 0.173)):
        constants.append(numpy_helper.from_array(np.array(value, np.float32), name))
    constants += [helper.make_tensor(n, TensorProto.INT8, [], [z]) for n, z in (("zx", 3), ("zy", 5))]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "sx", "zx"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "sx", "zx"], ["d"]),
        helper.make_node("DequantizeLinear", names, ["v"], **weights, **({"output_dtype": 1} if e8m0 else {})),
        helper.make_node("Gemm" if turned else "MatMul", ["d", "v"], ["h"], name="fc", **({"transB": 1} if turned else {})),
        helper.make_node("QuantizeLinear", ["h", "sy", "zy"], ["y_q"]),
        helper.make_node("DequantizeLinear", ["y_q", "sy", "zy"], ["y"]),
    ]  # fmt: skip
    inputs, outputs = shape[::-1] if turned else shape
    io = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, size]) for n, size in (("x", inputs), ("y", outputs))]
    graph = helper.make_graph(nodes, "g", io[:1], io[1:], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=11)


def scales(*shape: int) -> np.ndarray:
    return RNG.uniform(0.005, 0.02, shape).astype(np.float32)


def assert_agrees(model: onnx.ModelProto, engine: str = "onnxruntime") -> None:
    result = Pair.of(model, engine).compare(16)
    assert result.compared > 0
    assert (result.unexplained, result.max_lsb <= 1) == (0, True)


BLOCKS = {
    "along axis 0": (("INT4", (K, N), scales(K // 8, N)), {"axis": 0, "block_size": 8}),
    "with zero points": (
        ("UINT4", (K, N), scales(K // 8, N)),
        {"axis": 0, "block_size": 8, "zeros": RNG.integers(0, 16, (K // 8, N))},
    ),
    "transposed": (("INT4", (N, K), scales(N, K // 16)), {"axis": 1, "block_size": 16, "turned": True}),
    "a last block that is not full": (("INT8", (30, N), scales(4, N)), {"axis": 0, "block_size": 8}),
    "powers of two": (("INT8", (K, N), np.exp2(RNG.integers(-9, -5, (4, N))).astype(np.float32)), {"axis": 0, "block_size": 8}),
    "one block": (("INT4", (K, N), scales(1, N)), {"axis": 0, "block_size": K}),
}  # fmt: skip


@pytest.mark.parametrize("name", BLOCKS)
def test_scales_per_block_agree_with_onnxruntime(name):
    arguments, options = BLOCKS[name]
    assert_agrees(dense(*arguments, **options))


def test_scales_that_are_powers_of_two_stay_narrow_integers_of_one_product():
    arguments, options = BLOCKS["powers of two"]
    graph = lowered(dense(*arguments, **options))
    assert [n.op.name for n in graph] == ["Input", "Constant", "MatMul", "Requantize"]
    assert graph["fc_weights"].type.range.width <= 8 + 4


def test_other_scales_are_a_product_within_the_blocks_and_one_over_them():
    arguments, options = BLOCKS["along axis 0"]
    graph = lowered(dense(*arguments, **options))
    assert (graph["fc_blocks"].op.groups, graph["fc_matmul"].op.groups) == (K // 8, N)
    assert graph["fc_weights"].type.range.width == 4


SMALL_FLOATS = [
    ("FLOAT8E4M3FN", 21, scales(N), {"axis": 1}, "onnxruntime"),
    ("FLOAT8E5M2", 21, np.float32(0.01), {}, "onnxruntime"),
    ("FLOAT4E2M1", 23, scales(N), {"axis": 1}, "reference"),
    ("FLOAT4E2M1", 23, scales(K // 16, N), {"axis": 0, "block_size": 16}, "reference"),
    (
        "FLOAT4E2M1",
        24,
        np.exp2(RNG.integers(-8, -4, (2, N))).astype(ml_dtypes.float8_e8m0fnu),
        {"axis": 0, "block_size": 16},
        "reference",
    ),
]


@pytest.mark.parametrize(("kind", "opset", "scale", "options", "engine"), SMALL_FLOATS)
def test_small_floats_agree_with_other_engines(kind, opset, scale, options, engine):
    assert_agrees(dense(kind, (K, N), np.asarray(scale), opset, **options), engine)


def test_a_small_float_keeps_its_exact_values():
    weights = quantized(dense("FLOAT4E2M1", (K, N), np.float32(0.5), 23)).tensors["v"]
    assert weights.quant.scale == (Fraction(1, 4),)
    assert set(np.abs(weights.value).ravel().tolist()) == {0, 1, 2, 3, 4, 6, 8, 12}


@pytest.mark.parametrize("kind", ["INT2", "UINT2", "INT4", "UINT4"])
def test_weights_of_two_and_four_bits_agree_with_onnxruntime(kind):
    zeros = None if kind.startswith("I") else np.arange(N) % 4
    assert_agrees(dense(kind, (K, N), scales(N), 25 if "2" in kind else 21, zeros, axis=1))


def test_common_steps_are_the_greatest_common_divisors():
    given = np.array([[Fraction(1, 2), Fraction(3, 4)], [Fraction(6, 5), Fraction(9, 5)]], object)
    multiples, steps = common_steps(given, 0)
    assert (multiples, steps) == ([2, 3, 2, 3], [Fraction(1, 4), Fraction(3, 5)])


def test_scales_that_are_too_far_apart_are_refused():
    far = np.ones((4, N), np.float32)
    far[1] = 2.0**-60
    with pytest.raises(UnsupportedOp, match="the scales of its blocks are too far apart"):
        quantized(dense("INT4", (K, N), far, axis=0, block_size=8))


def test_scales_that_do_not_fit_their_blocks_are_refused():
    with pytest.raises(UnsupportedOp, match="its scales do not fit the tensor"):
        quantized(dense("INT4", (K, N), scales(5, N), axis=0, block_size=8))


def test_infinite_weights_are_refused():
    model = dense("FLOAT8E5M2", (K, N), np.float32(0.5))
    model.graph.initializer[0].raw_data = b"\x7c" * (K * N)
    model.graph.initializer[0].ClearField("int32_data")
    with pytest.raises(UnsupportedOp, match="its weights are not all numbers"):
        quantized(model)
