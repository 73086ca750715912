# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from onnx_frontend.host_functions import HostOp, run_on_host


def op(name: str, inputs: int, attributes: dict[str, object], version: int) -> HostOp:
    return HostOp(name, "mine", tuple(f"i{k}" for k in range(inputs)), ("o",), attributes, "", version)


def test_thresholds_are_counted_scaled_and_shifted():
    x = np.array([[[-1.0, 0.0, 2.0]], [[2.5, 7.0, np.nan]]], np.float32)
    steps = [(np.full((1, 1), t, np.float32), False) for t in (0.0, 2.5)]
    (y,) = run_on_host(op("MultiThreshold", 3, {"out_scale": 2.0, "out_bias": -1.0}, 1), [(x, True), *steps], 2)
    assert y.dtype == np.float32
    assert y.tolist() == [[[-1.0, 1.0, 1.0]], [[3.0, 3.0, -1.0]]]


@pytest.mark.parametrize("version", [9, 13])
def test_a_log_softmax_of_large_numbers_stays_finite(version):
    x = np.array([[[0.0, -9000.0, 5.0]]], np.float32)
    (y,) = run_on_host(op("LogSoftmax", 1, {"axis": 1}, version), [(x, True)], 1)
    assert np.allclose(y, [[[-5.0067, -9005.0067, -0.0067]]], atol=1e-3)


def test_an_old_log_softmax_sums_over_all_axes_behind_its_own():
    x = np.zeros((1, 1, 2, 3), np.float32)
    old, new = (run_on_host(op("LogSoftmax", 1, {"axis": 1}, v), [(x, True)], 1)[0] for v in (11, 13))
    assert np.allclose(old, -np.log(6))
    assert np.allclose(new, -np.log(2))


def test_a_batch_normalization_of_an_old_opset_uses_its_own_mean():
    x = np.array([[[3.0], [5.0]]], np.float32).reshape(1, 1, 2, 1)
    constants = [(np.array(v, np.float32), False) for v in ([2.0, 1.0], [0.5, 0.0], [1.0, 5.0], [4.0, 1.0])]
    node = op("BatchNormalization", 5, {"epsilon": 0.0, "momentum": 0.9}, 9)
    (y,) = run_on_host(node, [(x, True), *constants], 1)
    assert y.ravel().tolist() == [2.5, 0.0]


def test_other_operators_run_frame_by_frame_in_the_reference_evaluator():
    x = np.arange(6, dtype=np.float32).reshape(3, 1, 2)
    (y,) = run_on_host(op("ReduceSum", 2, {"keepdims": 0}, 13), [(x, True), (np.array([1]), False)], 3)
    assert y.tolist() == [[1.0], [5.0], [9.0]]
