# SPDX-License-Identifier: Apache-2.0
"""Models that nobody here made: all lower, and each node equals onnxruntime, certified ties apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.comparison.compare import Comparison
from hwgen.ir.evaluate import evaluate
from hwgen.passes.optimize import optimize
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.load import load_model
from onnx_frontend.lower.lower import lower
from onnx_frontend.normalize import normalize
from onnx_frontend.oracle import Engine
from onnx_frontend.quantization import read_quantization
from tests.acceptance.record import note
from tests.models import QONNX_ENGINE, Pair, shared_model

SAMPLES = {
    "mlperf_ad_autoencoder_int8": 640,
    "mlperf_kws_dscnn_int8": 16,
    "mlperf_ic_resnet8_int8": 10,
    "kws_dscnn_pruned.qdq_u8s8_perchannel": 32,
    "ort_residual_u8u8_qdq": 1,
    "ort_conv_maxpool_s8_qdq": 96,
    "ort_resize_concat_slice_qdq": 1000,
}
QONNX = ("tfc_1w1a.qonnx", "tfc_2w2a.qonnx", "kws_mlp_w3a3.qonnx", "tfc_w1a1.finn")
NEMO = ("nemo_eegnet_1d_int8", "nemo_tcn_1d_int8", "nemo_frontnet_int8")
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


@pytest.mark.parametrize("name", ["torch_quantized_mlp_qdq", "ort_conv_int4_weights_qdq"])
def test_small_real_models_agree_with_onnxruntime(name):
    assert_agrees(Pair.of(onnx.load(shared_model(f"{name}.onnx"))).compare(32))


@pytest.mark.parametrize("name", ["mobilenetv2_qdq_int8"])
def test_other_real_models_are_read(name):
    graph = lower(read_quantization(normalize(load_model(shared_model(f"{name}.onnx")))))
    assert len(optimize(graph).nodes) <= len(graph.nodes)


def test_the_published_outputs_of_the_autoencoder_are_met():
    path = shared_model("mlperf_ad_autoencoder_int8.onnx")
    vectors = np.load(path.with_suffix(".npz"))
    pair = Pair.of(onnx.load(path))
    host = host_boundary(pair.quantized, pair.graph)
    codes = host.to_codes({"input_1": vectors["x"][:, np.newaxis]})
    ours = host.to_outputs(evaluate(pair.graph, codes))["Identity"]
    assert np.array_equal(ours[:, 0], vectors["y_ort_noopt"])


@dataclass(frozen=True)
class Published:
    """A file with the vectors beside it, on our side: our codes and outputs for its inputs."""

    pair: Pair
    vectors: dict[str, np.ndarray]
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]

    @classmethod
    def of(cls, name: str, engine: Engine) -> Published:
        path = shared_model(f"{name}.onnx")
        pair, vectors = Pair.of(onnx.load(path), engine), dict(np.load(path.with_suffix(".npz")))
        host = host_boundary(pair.quantized, pair.graph)
        inputs = {t.name: vectors.get(f"in_{t.name}", vectors.get("in_x")) for t in host.inputs}
        codes = host.to_codes(inputs)
        return cls(pair, vectors, inputs, host.to_outputs({**codes, **evaluate(pair.graph, codes)}, inputs))


@pytest.mark.parametrize("name", QONNX)
def test_the_published_outputs_of_a_qonnx_file_are_met(name):
    """Without a difference in any code: the floats of the last layer differ in how they were summed only."""
    published = Published.of(name, QONNX_ENGINE)
    ((_, ours),) = published.outputs.items()
    assert np.allclose(ours, published.vectors["out_qonnx"], rtol=0, atol=1e-6)
    result = published.pair.compare_on(published.inputs)
    assert (result.compared > 1000, result.different) == (True, 0)


@pytest.mark.parametrize("name", NEMO)
def test_the_published_outputs_of_an_integerized_file_are_met(name):
    published = Published.of(name, "onnxruntime")
    for output, ours in published.outputs.items():
        assert np.array_equal(ours, published.vectors[f"out_noopt_{output}"])
    result = published.pair.compare_on(published.inputs)
    assert (result.compared > 5000, result.different) == (True, 0)


@pytest.mark.acceptance
def test_mobilenet_sees_the_classes_that_it_should():
    published = Published.of("mobilenetv2_qdq_int8", "onnxruntime")
    ((_, ours),) = published.outputs.items()
    theirs = published.vectors["out_noopt_scores"]
    assert ours.reshape(len(ours), -1).argmax(1).tolist() == theirs.reshape(len(ours), -1).argmax(1).tolist()


@pytest.mark.acceptance
def test_a_qonnx_network_of_images_differs_in_certified_ties_alone():
    published = Published.of("espcn_w4a4_nnresize.qonnx", QONNX_ENGINE)
    result = published.pair.compare_on(published.inputs)
    assert_agrees(result, 2_000_000)
    assert result.different <= 10


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
