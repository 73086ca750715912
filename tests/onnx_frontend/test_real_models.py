# SPDX-License-Identifier: Apache-2.0
"""Models that nobody here made: all lower, and each node equals onnxruntime, certified ties apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.compare import Comparison
from hwgen.passes.optimize import optimize
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.load import load_model
from onnx_frontend.lower.lower import lower
from onnx_frontend.normalize import normalize
from onnx_frontend.quantization import read_quantization
from tests.acceptance.record import note
from tests.models import Pair, shared_model

SAMPLES = {
    "mlperf_ad_autoencoder_int8": 640,
    "mlperf_kws_dscnn_int8": 16,
    "mlperf_ic_resnet8_int8": 10,
    "kws_dscnn_pruned.qdq_u8s8_perchannel": 32,
    "ort_residual_u8u8_qdq": 1,
    "ort_conv_maxpool_s8_qdq": 96,
    "ort_resize_concat_slice_qdq": 1000,
}
STYLES = ("s8_per_tensor", "u8s8_per_channel", "s8_symmetric")


def assert_agrees(result: Comparison, at_least: int = 1) -> None:
    assert result.compared >= at_least
    assert result.max_lsb <= 1
    assert result.unexplained <= result.compared * 1e-4
    assert [n for n in result.nodes if n.unexplained] == []


def keep(name: str, results: list[Comparison]) -> None:
    """Notes the figures of a model, pooled over all tensors and pieces."""
    pooled = {key: sum(getattr(r, key) for r in results) for key in ("compared", "different", "ties", "unexplained")}
    note("golden_against_onnxruntime", name, {**pooled, "max_lsb": max(r.max_lsb for r in results)})


def in_pieces(pair: Pair, samples: int, step: int = 16) -> list[Comparison]:
    return [pair.compare(min(step, samples - at), seed=at) for at in range(0, samples, step)]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_real_model_agrees_with_onnxruntime(name):
    assert_agrees(Pair.of(onnx.load(shared_model(f"{name}.onnx"))).compare(2))


@pytest.mark.acceptance
@pytest.mark.parametrize("name", SAMPLES)
def test_a_million_values_of_a_real_model_agree_with_onnxruntime(name):
    results = in_pieces(Pair.of(onnx.load(shared_model(f"{name}.onnx"))), SAMPLES[name])
    keep(name, results)
    assert sum(r.compared for r in results) >= 1_000_000
    for result in results:
        assert_agrees(result)


@pytest.mark.parametrize("name", ["torch_quantized_mlp_qdq", "ort_conv_int4_weights_qdq", "mobilenetv2_qdq_int8"])
def test_other_real_models_are_read(name):
    graph = lower(read_quantization(normalize(load_model(shared_model(f"{name}.onnx")))))
    assert len(optimize(graph).nodes) <= len(graph.nodes)


def test_the_published_outputs_of_the_autoencoder_are_met():
    path = shared_model("mlperf_ad_autoencoder_int8.onnx")
    vectors = np.load(path.with_suffix(".npz"))
    pair = Pair.of(onnx.load(path))
    host = host_boundary(pair.quantized, pair.graph)
    from hwgen.ir.evaluate import evaluate

    codes = host.to_codes({"input_1": vectors["x"][:, np.newaxis]})
    ours = host.to_outputs(evaluate(pair.graph, codes))["Identity"]
    assert np.array_equal(ours[:, 0], vectors["y_ort_noopt"])


def quantized_mnist(style: str, folder: Path) -> onnx.ModelProto:
    """The float MNIST net through onnxruntime's static quantizer (from opset 17, which per-channel needs)."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

    class Images(CalibrationDataReader):
        def __init__(self) -> None:
            rng = np.random.default_rng(0)
            self.left = [{"Input3": rng.uniform(0, 255, (1, 1, 28, 28)).astype(np.float32)} for _ in range(4)]

        def get_next(self):
            return self.left.pop() if self.left else None

    source = folder / "mnist.onnx"
    onnx.save(onnx.version_converter.convert_version(onnx.load(shared_model("mnist8_float.onnx")), 17), source)
    signed = QuantType.QUInt8 if style.startswith("u8") else QuantType.QInt8
    quantize_static(
        source,
        folder / "quantized.onnx",
        Images(),
        quant_format=QuantFormat.QDQ,
        activation_type=signed,
        weight_type=QuantType.QInt8,
        per_channel=style == "u8s8_per_channel",
        extra_options={"ActivationSymmetric": style == "s8_symmetric"},
    )
    return onnx.load(folder / "quantized.onnx")


@pytest.mark.parametrize("style", STYLES)
def test_the_static_quantizer_of_onnxruntime_is_read_in_every_style(style, tmp_path):
    assert_agrees(Pair.of(quantized_mnist(style, tmp_path)).compare(8))


@pytest.mark.acceptance
@pytest.mark.parametrize("style", STYLES)
def test_a_million_values_of_every_style_agree_with_onnxruntime(style, tmp_path):
    result = Pair.of(quantized_mnist(style, tmp_path)).compare(64)
    keep(f"mnist8_{style}", [result])
    assert_agrees(result, 1_000_000)
