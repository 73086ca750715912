# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hwgen.errors import UnsupportedOp
from hwgen.ir.text import graph_text
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.range import IntRange
from hwgen.numerics.rounding_mode import ROUNDINGS
from onnx_frontend.dialects.qonnx import DOMAINS
from tests.models import QONNX_ENGINE, Pair, assert_equal_to_oracle, lowered, quantized

GENERAL = "qonnx.custom_op.general"
SIGNED = {"signed": 1, "narrow": 0, "rounding_mode": "ROUND"}


class Model:
    """Nodes one behind the other, from the float input x of shape (1, channels, 5)."""

    def __init__(self, channels: int = 3, domain: str = GENERAL, version: int = 1):
        self.channels, self.domain, self.version, self.last = channels, domain, version, "x"
        self.nodes, self.constants = [], []
        self.rng = np.random.default_rng(7)

    def constant(self, value: object) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(value, np.float32), name))
        return name

    def add(self, op: str, *others: object, source: str = "", domain: str = "", **attributes: object) -> Model:
        inputs = [source or self.last, *(o if isinstance(o, str) else self.constant(o) for o in others)]
        self.last = f"t{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [self.last], f"n{len(self.nodes)}", domain=domain, **attributes))
        return self

    def quant(self, scale: object, zero: float = 0, bits: float = 4, source: str = "", **attributes: object) -> Model:
        return self.add("Quant", scale, zero, bits, source=source, domain=self.domain, **(SIGNED | attributes))

    def conv(self, bits: float = 3, scale: object = 0.25) -> Model:
        source, weights = self.last, self.constant(self.rng.normal(0, 0.5, (4, self.channels, 3)))
        self.quant(scale, 0, bits, source=weights, narrow=1)
        self.channels = 4
        return self.add("Conv", self.last, source=source)

    def batch_norm(self, gamma: list[float]) -> Model:
        beta, mean, variance = self.rng.normal(0, 1, (3, len(gamma)))
        return self.add("BatchNormalization", gamma, beta, mean, variance**2 + 0.1)

    def proto(self) -> onnx.ModelProto:
        x, y = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", (1, 3, 5)), (self.last, None)))
        graph = helper.make_graph(self.nodes, "m", [x], [y], self.constants)
        imports = [
            helper.make_opsetid("", 13),
            *([helper.make_opsetid(self.domain, self.version)] if self.domain else []),
        ]
        return helper.make_model(graph, opset_imports=imports, ir_version=8)


def ops(model: Model) -> list[type]:
    return [type(n.op) for n in lowered(model.proto()).nodes]


def assert_equal(model: Model) -> None:
    assert_equal_to_oracle(model.proto(), 64, engine=QONNX_ENGINE)


@pytest.mark.parametrize(
    ("bits", "attributes", "codes"),
    [
        (8, {}, IntRange(-128, 127)),
        (3, {"narrow": 1}, IntRange(-3, 3)),
        (5, {"signed": 0}, IntRange(0, 31)),
        (2, {"signed": 0, "narrow": 1}, IntRange(0, 2)),
        (1, {"signed": 0}, IntRange(0, 1)),
        (1, {}, IntRange(-1, 1)),
    ],
)
def test_bits_sign_and_narrow_range_are_the_codes(bits, attributes, codes):
    model = Model().quant(0.5, 0, bits, **attributes)
    assert quantized(model.proto()).tensors["t0"].quant.codes == codes


@pytest.mark.parametrize("domain", DOMAINS)
def test_quantizers_are_known_in_every_domain_that_exporters_use(domain):
    assert_equal(Model(domain=domain).quant(0.25).conv().quant(0.5, 0, 5))


@pytest.mark.parametrize("mode", ROUNDINGS)
@pytest.mark.parametrize("zero", [0, 3])
def test_every_rounding_mode_and_zero_point_is_that_of_the_executor(mode, zero):
    model = Model().quant(0.25).conv().quant(0.375, zero, 5, rounding_mode=mode.upper())
    assert_equal(model)
    (rounded,) = [n.op for n in lowered(model.proto()).nodes if isinstance(n.op, Requantize)]
    assert rounded.rounding == mode
    assert (rounded.zero_point, set(rounded.offset)) == (0, {zero})


def test_weights_with_one_scale_a_channel_become_integers():
    model = Model().quant(0.25).conv(4, np.array([0.1, 0.2, 0.05, 0.3]).reshape(4, 1, 1)).quant(0.5, 0, 6)
    weights = quantized(model.proto()).tensors["t1"]
    assert (weights.quant.axis, len(weights.quant.scale), weights.quant.codes) == (0, 4, IntRange(-7, 7))
    assert_equal(model)


def test_a_binary_network_compares_sums_with_thresholds():
    model = Model().add("BipolarQuant", 1.0, domain=GENERAL).conv(1, 1.0)
    model.batch_norm([1.0, -0.5, 0.0, 2.0]).add("BipolarQuant", 0.5, domain=GENERAL)
    assert Threshold in ops(model)
    assert_equal(model)
    codes = lowered(model.proto()).outputs[model.last]
    assert codes.type.range == IntRange(-1, 1)


def test_zero_is_positive_for_a_binary_quantizer():
    pair = Pair.of(Model().quant(1.0).conv(2, 1.0).add("BipolarQuant", 1.0, domain=GENERAL).proto(), QONNX_ENGINE)
    (steps,) = [n.op.steps for n in pair.graph.nodes if isinstance(n.op, Threshold)]
    assert steps[0].evaluate(np.array([-1, 0])).tolist() == [-1, 1]


@pytest.mark.parametrize("relu_first", [False, True])
def test_a_batch_normalization_may_rise_fall_and_stand_still(relu_first):
    model = Model().quant(0.25).conv()
    model = model.add("Relu").batch_norm([1.5, -0.5, 0.0, 2.0]) if relu_first else model.batch_norm([1, -2, 0, 0.3])
    assert_equal(model.quant(0.25, 0, 4, signed=0, rounding_mode="CEIL"))


def test_a_function_before_the_quantizer_is_rounded_in_its_mode():
    assert_equal(Model().quant(0.25).add("Sigmoid").quant(0.0625, 0, 4, signed=0, rounding_mode="FLOOR"))


@pytest.mark.parametrize("mode", ["ROUND", "FLOOR", "HALF_UP"])
@pytest.mark.parametrize("other", [0.25, 0.1])
def test_a_sum_of_two_activations_is_rounded_in_any_mode(mode, other):
    model = Model().quant(0.25)
    first = model.last
    second = model.quant(other, 0, 4, source="x").last
    assert_equal(model.add("Add", second, source=first).quant(0.5, 1, 4, rounding_mode=mode))


def test_a_softmax_is_rounded_half_to_even_or_refused():
    model = Model().quant(0.5).add("Softmax", axis=1)
    assert_equal(model.quant(0.0625, 0, 4, signed=0))
    other = Model().quant(0.5).add("Softmax", axis=1).quant(0.0625, 0, 4, signed=0, rounding_mode="FLOOR")
    with pytest.raises(UnsupportedOp, match="this function of a Softmax is not supported"):
        lowered(other.conv().quant(0.5).proto())


def test_trunc_divides_the_codes_of_an_average():
    model = Model().quant(0.25, 0, 8).add("AveragePool", kernel_shape=[4]).add("Mul", 4.0)
    model.add("Trunc", 0.25, 0, 10, 8, domain=GENERAL, rounding_mode="FLOOR")
    assert_equal(model)


@pytest.mark.parametrize("mode", ["FLOOR", "ROUND", "HALF_UP"])
def test_trunc_of_version_two_names_its_scale_and_saturates(mode):
    model = Model(version=2).quant(0.25, 8, 8)
    model.add("Trunc", 0.25, 8, 8, 1.0, 5, domain=GENERAL, rounding_mode=mode, signed=1, narrow=1)
    assert quantized(model.proto()).tensors["t1"].quant.zero_point == (2,)
    assert_equal(model)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Model().add("FloatQuant", 1.0, 4, 3, 7, domain=GENERAL), r"FloatQuant 'n0' .*: this number format"),
        (Model().quant(0.25, 0.5), "whole zero points"),
        (Model().quant(-0.25), "names no grid of integers"),
        (Model().quant(0.25, 0, 2.5), "this bit width is not supported"),
        (Model().quant(0.25, rounding_mode="SIDEWAYS"), "found:    SIDEWAYS"),
        (Model().quant(np.full((1, 3, 5), 0.25) + np.arange(15).reshape(1, 3, 5)), "vary along several axes"),
        (Model().quant("x"), "parameters are computed at run time"),
    ],
)
def test_what_names_no_grid_of_integers_is_refused(model, message):
    with pytest.raises(UnsupportedOp, match=message):
        quantized(model.proto())


def test_the_text_of_a_layer_shows_its_rounding():
    text = graph_text(lowered(Model().quant(0.25).conv(2, 1.0).quant(0.5, 2, 4, rounding_mode="UP").proto()))
    assert "offset=(2) zero_point=0 dialect='real' out=[-8,7] axis=1 rounding='up'" in text
