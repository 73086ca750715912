# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.errors import UserError
from hwgen.flow.find_sparsity import find_sparsity
from hwgen.flow.prune_model import parse_pattern, prune_model
from hwgen.pipeline import Source, compile_model

EXAMPLES = Path(__file__).parents[2] / "examples"
SCORES = np.random.default_rng(0).random((4, 3, 8))


def test_the_best_of_each_window_stay() -> None:
    kept = parse_pattern("2:4", None)(SCORES)
    windows, scores = kept.reshape(-1, 4), SCORES.reshape(-1, 4)
    assert (windows.sum(axis=1) == 2).all()
    assert (np.where(windows, scores, np.inf).min(axis=1) > np.where(windows, -np.inf, scores).max(axis=1)).all()


def test_the_best_blocks_stay_whole() -> None:
    kept = parse_pattern("block 2x4", Fraction(3, 4))(SCORES)
    blocks = kept.reshape(2, 2, 3, 2, 4).sum(axis=(1, 4))
    assert sorted(set(blocks.ravel())) == [0, 8] and (blocks > 0).sum() == 3
    sums = SCORES.reshape(2, 2, 3, 2, 4).sum(axis=(1, 4))
    assert sums[blocks > 0].min() > sums[blocks == 0].max()


def test_unstructured_drops_the_share_that_was_asked_for() -> None:
    assert parse_pattern("unstructured", Fraction(9, 10))(SCORES).sum() == 96 - 86


@pytest.mark.parametrize(
    "pattern, sparsity",
    [("4:2", None), ("0:4", None), ("2:32", None), ("2:4", Fraction(1, 2)), ("block 4x4", None), ("x", None)],
)
def test_other_patterns_are_refused_by_name(pattern: str, sparsity: Fraction | None) -> None:
    with pytest.raises(UserError) as caught:
        parse_pattern(pattern, sparsity)
    assert pattern in caught.value.blockers[0].found


@pytest.mark.parametrize("calibrated", [False, True])
def test_a_pruned_file_is_the_same_file_with_zeros(tmp_path: Path, calibrated: bool) -> None:
    model, samples = EXAMPLES / "digits_cnn.onnx", EXAMPLES / "digits_cnn.npz"
    pruned = prune_model(model, "2:4", tmp_path / "p.onnx", samples if calibrated else None)
    assert [(row.node, row.kept, bool(row.skipped)) for row in pruned.layers] == [
        ("conv1", 72, True), ("conv2", 576, False), ("fc", 320, False)
    ]  # fmt: skip
    assert bool(pruned.outputs) == calibrated
    rows = {row.node: row for row in find_sparsity(compile_model(Source(tmp_path / "p.onnx")).graph)}
    assert rows["conv2"].savings[0].pattern == "2:4" and rows["conv2"].zeros == 576
    before, after = onnx.load(model), onnx.load(tmp_path / "p.onnx")
    assert before.graph.node == after.graph.node
    changed = [a.name for a, b in zip(before.graph.initializer, after.graph.initializer, strict=True) if a != b]
    assert len(changed) == 2


def test_samples_decide_by_what_a_weight_adds_to_the_outputs(tmp_path: Path) -> None:
    """Half of the inputs are near zero: their weights go first, however large."""
    weights = np.tile(np.array([[100, 90, 3, 2]], np.int8), (2, 1)).T.copy()
    graph = onnx.parser.parse_graph("g (float[1, 4] x) => (float[1, 2] y) {}")
    node = onnx.helper.make_node
    graph.initializer.extend(
        onnx.numpy_helper.from_array(np.array(v), n)
        for n, v in [("s", np.float32(0.1)), ("z", np.int8(0)), ("w", weights)]
    )
    graph.node.extend(
        [
            node("QuantizeLinear", ["x", "s", "z"], ["xq"]), node("DequantizeLinear", ["xq", "s", "z"], ["xd"]),
            node("DequantizeLinear", ["w", "s", "z"], ["wd"]), node("MatMul", ["xd", "wd"], ["t"], name="layer"),
            node("QuantizeLinear", ["t", "s", "z"], ["tq"]), node("DequantizeLinear", ["tq", "s", "z"], ["y"]),
        ]
    )  # fmt: skip
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    np.savez(tmp_path / "x.npz", x=np.tile(np.array([0.0, 0.0, 5.0, 5.0], np.float32), (3, 1, 1)))
    kept = {}
    for samples in (None, tmp_path / "x.npz"):
        prune_model(tmp_path / "m.onnx", "2:4", tmp_path / "p.onnx", samples)
        constants = {i.name: onnx.numpy_helper.to_array(i) for i in onnx.load(tmp_path / "p.onnx").graph.initializer}
        kept[samples is not None] = np.flatnonzero(constants["w"][:, 0]).tolist()
    assert kept == {False: [0, 1], True: [2, 3]}


def test_a_model_without_weights_says_so(tmp_path: Path) -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["": 17]> g (float[1, 4] x) => (float[1, 4] y) { y = Relu(x) }'
    )
    onnx.save(model, tmp_path / "m.onnx")
    with pytest.raises(UserError, match="nothing to prune"):
        prune_model(tmp_path / "m.onnx", "2:4", tmp_path / "p.onnx")
    assert not (tmp_path / "p.onnx").exists()
