# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import onnx
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = ("digits_cnn", "digits_cnn_po2", "digits_mlp")


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("digits", EXAMPLES / "digits.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_model_recognizes_96_percent_of_the_test_images(script: ModuleType, name: str) -> None:
    _, images, _, labels = script.load_images()
    model = onnx.load(EXAMPLES / f"{name}.onnx")
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    assert script.accuracy(EXAMPLES / f"{name}.onnx", images.reshape(-1, *shape), labels) >= 0.96


@pytest.mark.parametrize("name", NAMES)
def test_the_committed_samples_are_test_images(script: ModuleType, name: str) -> None:
    _, images, _, labels = script.load_images()
    stored = np.load(EXAMPLES / f"{name}.npz")
    assert np.array_equal(stored["image"].ravel(), images[:32].ravel())
    assert np.array_equal(stored["labels"], labels[:32])


def test_the_script_makes_files_of_the_same_structure(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script, "EPOCHS", 2)
    assert min(script.main(tmp_path).values()) > 0.5
    for name in NAMES:
        new, old = (onnx.load(folder / f"{name}.onnx") for folder in (tmp_path, EXAMPLES))
        assert [(n.op_type, n.name) for n in new.graph.node] == [(n.op_type, n.name) for n in old.graph.node]
        assert [list(i.dims) for i in new.graph.initializer] == [list(i.dims) for i in old.graph.initializer]


def test_every_scale_of_the_power_of_two_model_is_one() -> None:
    model = onnx.load(EXAMPLES / "digits_cnn_po2.onnx")
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    scales = np.concatenate([constants[n.input[1]].ravel() for n in model.graph.node if "Linear" in n.op_type])
    assert np.all(np.frexp(scales)[0] == 0.5)
