# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import onnx
import pytest

from hwgen.errors import UnsupportedOp
from hwgen.ir.evaluate import evaluate
from onnx_frontend.host_boundary import host_boundary
from tests.acceptance.record import note
from tests.fuzz_graphs import Plan, Sketch
from tests.fuzz_qoperators import finished, grow, start
from tests.models import Pair, assert_equal_to_oracle, lowered, quantized, shared_model

CONV = """
<ir_version: 8, opset_import: ["": 13, "com.microsoft": 1]>
g (uint8[1,2,6,6] x) => (uint8[1,3,6,6] y)
<float sx = {0.02}, uint8 zx = {7}, int8[3,2,1,1] w = {1,-2,3,-4,5,-128}, float[3] sw = {0.1,0.2,0.3}, int8[3] zw = {0,0,0},
 float sy = {0.05}, uint8 zy = {129}, int32[3] b = {10,-20,30}>
{ [conv] y = QLinearConv(x, sx, zx, w, sw, zw, sy, zy, b) }
"""
POOL = """
<ir_version: 8, opset_import: ["": 13, "com.microsoft": 1]>
g (uint8[1,4,4,2] x) => (uint8[1,2,2,2] y) <float sx = {0.02}, uint8 zx = {7}, float sy = {0.02}, uint8 zy = {7}>
{ [pool] y = com.microsoft.QLinearAveragePool<kernel_shape = [2,2], strides = [2,2], channels_last = 1>(x, sx, zx, sy, zy) }
"""


def test_a_qlinearconv_is_a_conv_and_a_rounding_of_dialect_ort():
    graph = quantized(CONV)
    assert [n.op for n in graph.nodes] == ["Conv", "QuantizeLinear"]
    quant = graph.tensors["y"].quant
    assert (quant.dialect, quant.zero_point, quant.codes.hi) == ("ort", (129,), 255)
    assert graph.tensors["x"].quant.zero_point == (7,)


def test_the_ratio_is_rounded_to_float32_twice_and_the_bias_is_added_to_the_sum():
    op = lowered(CONV).outputs["y"].op
    sx, sw, sy = (np.float32(v) for v in (0.02, 0.3, 0.05))
    assert (op.dialect, op.ratio[2]) == ("ort", Fraction(float(np.float32(sx * sw) / sy)))
    assert op.offset == (10 - 7 * -1, -20 - 7 * -1, 30 - 7 * -123)


def test_channels_behind_the_image_are_refused_with_the_way_out():
    with pytest.raises(UnsupportedOp, match="its channels are the last axis") as error:
        quantized(POOL)
    assert "NHWC transformer" in error.value.blockers[0].fix


def test_scales_at_run_time_are_refused():
    text = CONV.replace("x) =>", "x, float s) =>").replace("(x, sx,", "(x, s,")
    with pytest.raises(UnsupportedOp, match="computed at run time"):
        quantized(text)


def test_a_qgemm_without_a_result_scale_gives_the_exact_sums():
    text = """
    <ir_version: 8, opset_import: ["": 13, "com.microsoft": 1]>
    g (uint8[1,4] x) => (float[1,2] y)
    <float sx = {0.5}, uint8 zx = {7}, int8[4,2] w = {1,-2,3,-4,5,-6,7,-8}, float sw = {0.25}, int8 zw = {0}>
    { [gemm] y = com.microsoft.QGemm(x, sx, zx, w, sw, zw) }"""
    label = lowered(text).labels["y"]
    assert label.scale == (Fraction(1, 8),)


def test_codes_that_are_read_on_another_grid_are_read_so():
    text = (
        CONV.replace("=> (uint8[1,3,6,6] y)", "=> (uint8[1,1,6,6] y)")
        .replace("}\n", "}", 1)
        .replace(
            "y = QLinearConv(x, sx, zx, w, sw, zw, sy, zy, b)",
            "h = QLinearConv(x, sx, zx, w, sw, zw, sy, zy, b)\n y = QLinearConv(h, sx, zx, v, sv, zv, sy, zy)",
        )
        .replace("int32[3] b", "int8[1,3,1,1] v = {9, 8, -7}, float sv = {0.1}, int8 zv = {0}, int32[3] b")
    )
    assert assert_equal_to_oracle(text).different == 0


@dataclass(frozen=True)
class Case:
    """An operator on inputs of one shape, and how many samples each random model of it gets."""

    operator: str
    kind: str
    shape: tuple[int, ...]
    samples: int


CASES = (
    Case("conv", "image", (1, 6, 14, 14), 8),
    Case("matmul", "signal", (1, 40, 24), 8),
    Case("gemm", "vector", (1, 512), 128),
    Case("pair", "image", (1, 5, 10, 16), 8),
    Case("concat", "image", (1, 3, 20, 20), 4),
    Case("sigmoid", "image", (1, 3, 30, 30), 2),
    Case("leaky", "image", (1, 3, 30, 30), 2),
    Case("softmax", "signal", (1, 12, 40), 8),
    Case("global_average", "signal", (1, 400, 9), 8),
)
AVERAGE = Case("average", "image", (1, 4, 14, 14), 8)
MOST_MODELS = 50_000
STYLES = ("random", "decimal", "power")


def model_of(case: Case, seed: int) -> onnx.ModelProto:
    """One operator with scales of every style, signed or not."""
    plan = Plan(case.kind, STYLES[seed % 3], seed // 3, (), "qoperator")
    sketch = Sketch(plan, rng=np.random.default_rng(seed))
    start(sketch, case.shape)
    for step in range(2 if case.operator == "pair" else 1):
        grow(sketch, 1000 * seed + step, (case.operator,))
    return finished(sketch)


def compare_until(case: Case, values: int, samples: int) -> dict[str, int]:
    """Random models of a case until that many values of its results were compared; the counts.

    A model whose operator changes nothing (a LeakyRelu of codes above 0) has no node to compare.
    """
    compared = different = seed = 0
    while compared < values and seed < MOST_MODELS:
        result = Pair.of(model_of(case, seed)).compare(samples, seed)
        made = [n for n in result.nodes if n.tensor.startswith(("qlinear", "qgemm"))]
        inexact = case.operator in ("average", "softmax")
        assert result.max_lsb <= inexact and not result.unexplained, (seed, [n for n in made if n.different])
        compared += sum(n.compared for n in made)
        different += sum(n.different for n in made)
        seed += 1
    return {"compared": compared, "different": different}


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.operator)
def test_each_operator_equals_onnxruntime_bit_for_bit(case):
    assert compare_until(case, 20_000, case.samples)["compared"] >= 20_000


def test_average_pools_differ_by_one_at_most():
    """onnxruntime adds float32 numbers one by one: what lies next to a tie may fall on either side."""
    assert compare_until(AVERAGE, 20_000, AVERAGE.samples)["compared"] >= 20_000


@pytest.mark.acceptance
@pytest.mark.parametrize("case", (*CASES, AVERAGE), ids=lambda c: c.operator)
def test_ten_million_values_of_each_operator_equal_onnxruntime(case):
    counts = compare_until(case, 10_000_000, 24 * case.samples)
    assert counts["compared"] >= 10_000_000
    note("qoperator", case.operator, counts)


def test_the_published_outputs_of_a_keyword_spotter_are_met_bit_for_bit():
    assert_published("kws_dscnn_pruned.qoperator_u8s8")


def test_the_published_outputs_of_an_integer_network_are_met_bit_for_bit():
    assert_published("mnist_convinteger_u8")


def assert_published(name: str) -> None:
    path = shared_model(f"{name}.onnx")
    vectors = np.load(path.with_suffix(".npz"))
    pair = Pair.of(onnx.load(path))
    host = host_boundary(pair.quantized, pair.graph)
    codes = host.to_codes({k[3:]: v for k, v in vectors.items() if k.startswith("in_")})
    ours = host.to_outputs(evaluate(pair.graph, codes))
    for output, values in ours.items():
        assert np.array_equal(values, vectors[f"out_noopt_{output}"])
