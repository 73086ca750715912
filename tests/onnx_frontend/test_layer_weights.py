# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from onnx_frontend.layer_weights import WeightFile

RNG = np.random.default_rng(0)


def saved(path: Path, nodes: list, constants: dict[str, np.ndarray]) -> WeightFile:
    graph = onnx.parser.parse_graph("g (float[1, 4] x) => (float[1, 2] y) {}")
    graph.node.extend(nodes)
    graph.initializer.extend(numpy_helper.from_array(np.asarray(v), n) for n, v in constants.items())
    onnx.save(helper.make_model(graph), path)
    return WeightFile(path)


def test_convolution_weights_are_outputs_taps_channels(tmp_path: Path) -> None:
    w = RNG.integers(-128, 128, (6, 4, 3, 3)).astype(np.int8)
    scales, zeros = RNG.random(6).astype(np.float32), RNG.integers(-3, 3, 6).astype(np.int8)
    nodes = [
        helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wd"], axis=0),
        helper.make_node("Conv", ["x", "wd"], ["y"], name="conv"),
    ]
    (layer,) = saved(tmp_path / "m.onnx", nodes, {"w": w, "s": scales, "z": zeros}).layers
    real = (w.astype(np.float64) - zeros.reshape(-1, 1, 1, 1)) * scales.reshape(-1, 1, 1, 1)
    np.testing.assert_allclose(layer.real, real.reshape(6, 4, 9).transpose(0, 2, 1))
    np.testing.assert_array_equal(layer.kept, (real != 0).reshape(6, 4, 9).transpose(0, 2, 1))
    dropped = np.zeros((6, 9, 4), bool)
    dropped[2, 5, 1] = dropped[0, 0, 3] = True
    expected = w.copy()
    expected[2, 1, 1, 2], expected[0, 3, 0, 0] = zeros[2], zeros[0]
    np.testing.assert_array_equal(layer.without(dropped), expected)


@pytest.mark.parametrize("transposed", [False, True])
def test_matrices_are_read_whichever_way_they_lie(tmp_path: Path, transposed: bool) -> None:
    w = RNG.integers(0, 255, (4, 2)).astype(np.uint8)
    nodes = [helper.make_node("DequantizeLinear", ["w", "s", "z"], ["wd"])]
    if transposed:
        nodes.append(helper.make_node("Transpose", ["wd"], ["wt"], perm=[1, 0]))
    nodes.append(helper.make_node("MatMul", ["x", "wt" if transposed else "wd"], ["y"]))
    stored = w.T.copy() if transposed else w
    constants = {"w": stored, "s": np.float32(0.5), "z": np.uint8(7)}
    (layer,) = saved(tmp_path / "m.onnx", nodes, constants).layers
    np.testing.assert_array_equal(layer.real[:, 0, :], (w.T.astype(np.float64) - 7) / 2)
    dropped = np.zeros((2, 1, 4), bool)
    dropped[1, 0, 2] = True
    expected = w.copy()
    expected[2, 1] = 7
    np.testing.assert_array_equal(layer.without(dropped), expected.T if transposed else expected)


def test_others_are_named_with_the_reason(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["w", "x"], ["a"], name="first"),
        helper.make_node("MatMul", ["x", "v"], ["b"], name="shared1"),
        helper.make_node("MatMul", ["x", "v"], ["c"], name="shared2"),
        helper.make_node("MatMul", ["x", "x"], ["d"], name="dynamic"),
        helper.make_node("Conv", ["x", "k"], ["y"], name="depthwise", group=4),
    ]
    constants = {
        "w": np.zeros((2, 4), np.float32),
        "v": np.ones((4, 2), np.float32),
        "k": np.ones((4, 1, 3, 3), np.float32),
    }
    file = saved(tmp_path / "m.onnx", nodes, constants)
    assert file.layers == ()
    assert [note.split("'")[1] for note in file.notes] == ["first", "shared1", "shared2", "dynamic", "depthwise"]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    w = np.ones((4, 2), np.float32)
    file = saved(tmp_path / "m.onnx", [helper.make_node("MatMul", ["x", "w"], ["y"])], {"w": w})
    file.store(file.layers[0], 0 * w)
    file.save(tmp_path / "p.onnx")
    (constant,) = onnx.load(tmp_path / "p.onnx").graph.initializer
    assert constant.name == "w" and not numpy_helper.to_array(constant).any()
    with pytest.raises(OSError):
        file.save(tmp_path / "nowhere" / "p.onnx")
