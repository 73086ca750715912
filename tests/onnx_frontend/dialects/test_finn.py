# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from hwgen.errors import UnsupportedOp
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.range import IntRange
from tests.models import QONNX_ENGINE, assert_equal_to_oracle, lowered, quantized

DOMAIN = "finn.custom_op.general"
STEPS = [[-6.0, -1.5, 0.0, 2.25, 7.0], [-2.0, -2.0, 1.0, 3.5, 3.5], [0.1, 0.2, 0.3, 20.0, 90.0], [1, 2, 3, 4, 5]]


def model(thresholds: object, shape: tuple[int, ...] = (1, 3), weights: object = None, **attributes: object):
    """x, thresholds of 0 and 1, a MatMul with whole float weights, and the MultiThreshold in question."""
    w = np.array([[1, -1, 1, 0], [1, 1, -1, 1], [-1, 1, 1, 2]], np.float32) if weights is None else weights
    first = np.arange(-3, 4, dtype=np.float32)[np.newaxis] / 2
    constants = {"first": first, "w": np.asarray(w, np.float32), "t": np.asarray(thresholds, np.float32)}
    nodes = [
        helper.make_node(
            "MultiThreshold", ["x", "first"], ["q"], "front", domain=DOMAIN, out_dtype="INT4", out_bias=-3.0
        ),
        helper.make_node("MatMul", ["q", "w"], ["h"], "dense"),
        helper.make_node("MultiThreshold", ["h", "t"], ["y"], "steps", domain=DOMAIN, out_dtype="INT4", **attributes),
    ]
    info = [helper.make_tensor_value_info("x", 1, shape), helper.make_tensor_value_info("y", 1, None)]
    initializers = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "m", info[:1], info[1:], initializers)
    imports = [helper.make_opsetid("", 13), helper.make_opsetid(DOMAIN, 1)]
    return helper.make_model(graph, opset_imports=imports, ir_version=8)


def assert_equal(proto: onnx.ModelProto) -> None:
    assert_equal_to_oracle(proto, 64, engine=QONNX_ENGINE)


def test_thresholds_of_each_channel_are_met_exactly():
    proto = model(STEPS)
    (steps,) = [n.op.steps for n in lowered(proto).nodes if isinstance(n.op, Threshold)]
    assert steps[0].thresholds == (-6, -1, 0, 3, 7)
    assert steps[1].values == (0, 2, 3, 5)
    assert_equal(proto)


@pytest.mark.parametrize(
    ("scale", "bias", "step", "codes"),
    [(1.0, -2.0, 1, IntRange(-2, 3)), (2.0, -1.0, 1, IntRange(-1, 9)), (0.5, 0.25, 0.25, IntRange(1, 11)),
     (-1.0, 0.0, 1, IntRange(-5, 0))],
)  # fmt: skip
def test_scale_and_bias_of_the_output_lie_on_the_widest_grid(scale, bias, step, codes):
    proto = model(STEPS, out_scale=scale, out_bias=bias)
    quant = quantized(proto).tensors["y"].quant
    assert (float(quant.scale[0]), quant.codes) == (step, codes)
    assert_equal(proto)


def test_channels_stand_where_the_layout_says():
    proto = model(STEPS, (1, 2, 3), data_layout="NWC")
    (op,) = [n.op for n in lowered(proto).nodes if isinstance(n.op, Threshold)]
    assert op.axis == 2
    assert_equal(proto)


def test_thresholds_of_codes_become_a_table():
    proto = model([[-2.0, 0.0, 1.5]], weights=np.eye(3))
    proto.graph.node[2].input[0] = "q"
    del proto.graph.node[1]
    assert [type(n.op) for n in lowered(proto).nodes[1:]] == [Table]
    assert_equal(proto)


def test_weights_that_are_not_whole_are_refused():
    with pytest.raises(UnsupportedOp, match="its weights are not quantized"):
        lowered(model(STEPS, weights=np.full((3, 4), 0.3)))


def test_thresholds_for_another_number_of_channels_are_refused():
    with pytest.raises(UnsupportedOp, match=r"MultiThreshold 'steps' .*: its thresholds do not fit the tensor"):
        quantized(model(STEPS[:3]))
