# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.errors import BadModel
from onnx_frontend.load import load_model
from tests.models import DENSE, parse


def saved(folder: Path, model: onnx.ModelProto | str = DENSE) -> Path:
    path = folder / "net.onnx"
    path.write_bytes((parse(model) if isinstance(model, str) else model).SerializeToString())
    return path


def test_a_good_file_is_loaded_and_its_nodes_know_their_place(tmp_path):
    model = load_model(saved(tmp_path))
    assert [node.meta["index"] for node in model.graph] == list(range(7))
    assert model.meta["file"] == "net.onnx"


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadModel) as error:
        load_model(tmp_path / "gone.onnx")
    assert str(error.value) == (
        f"error: {tmp_path / 'gone.onnx'}: there is no such file\n"
        "  found:    nothing at this path\n"
        "  expected: an ONNX file\n"
        "  fix:      check the path"
    )


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "0 bytes"),
        (b"import torch\n", "text that starts with 'import torch"),
        (b"PK\x03\x04" + bytes(40), "zip archive"),
        (b"\x1c\x00\x00\x00TFL3" + bytes(40), "TensorFlow Lite"),
        (bytes(range(256)), "do not parse"),
    ],
)
def test_what_is_no_model_is_said_by_kind(tmp_path, content, word):
    path = tmp_path / "net.onnx"
    path.write_bytes(content)
    with pytest.raises(BadModel, match=r"cannot be read|is empty") as error:
        load_model(path)
    assert word in str(error.value)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_truncated_file_is_refused(tmp_path, share):
    path = saved(tmp_path)
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(BadModel):
        load_model(path)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(BadModel, match="this is a folder"):
        load_model(tmp_path)


def test_a_newer_opset_or_ir_version_is_refused(tmp_path):
    model = parse(DENSE)
    model.opset_import[0].version = 9999
    with pytest.raises(BadModel, match="opset is too new"):
        load_model(saved(tmp_path, model))
    model = parse(DENSE)
    model.ir_version = 9999
    with pytest.raises(BadModel, match="IR version is too new"):
        load_model(saved(tmp_path, model))


def test_a_graph_without_nodes_is_refused(tmp_path):
    with pytest.raises(BadModel, match="computes nothing"):
        load_model(saved(tmp_path, "empty (float[1] x) => (float[1] x) {}"))


def test_missing_external_data_is_named(tmp_path):
    model = parse(DENSE)
    big = onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "big")
    model.graph.initializer.append(big)
    onnx.save(model, tmp_path / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=100)
    assert load_model(tmp_path / "net.onnx").graph.initializers["big"].const_value.numpy().sum() == 64 * 64
    (tmp_path / "net.data").unlink()
    with pytest.raises(BadModel, match=r"initializer 'big' of net.onnx: its external data file is missing"):
        load_model(tmp_path / "net.onnx")


def test_a_tensor_from_nowhere_and_one_written_twice_are_found(tmp_path):
    with pytest.raises(BadModel, match=r"Relu 'bad' \(node 0 of net.onnx\): an input is not there"):
        load_model(saved(tmp_path, "m (float[1] x) => (float[1] y) { [bad] y = Relu(z) }"))
    with pytest.raises(BadModel, match="written twice"):
        load_model(saved(tmp_path, "m (float[1] x) => (float[1] y) { y = Relu(x) \n y = Neg(x) }"))


def test_a_node_against_the_standard_is_named(tmp_path):
    with pytest.raises(BadModel, match=r"Concat 'bad' \(node 0 of net.onnx\): the node is not well formed"):
        load_model(saved(tmp_path, "m (float[1] x) => (float[1] y) { [bad] y = Concat(x, x) }"))


def test_an_output_that_nothing_computes_is_refused(tmp_path):
    with pytest.raises(BadModel, match=r"output 'z' of net.onnx: nothing computes it"):
        load_model(saved(tmp_path, "m (float[1] x) => (float[1] z) { y = Relu(x) }"))
