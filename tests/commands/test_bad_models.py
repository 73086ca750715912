# SPDX-License-Identifier: Apache-2.0
"""What a user reads who gives `hwgen build` a file that cannot become hardware: pinned to the last word."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest

from tests.commands.conftest import Run
from tests.models import DENSE, parse

NO_KERNEL = """\
error: {} (node {} of net.onnx): there is no kernel for this operator here
  found:    {} between quantized tensors
  expected: an operator that docs/operators.md lists
  fix:      replace it, or cut the model in front of it: --to TENSOR
"""
UNSUPPORTED = """
m (float[1,4] x) => (float[1,4] z) <float s = {0.5}, int8 zp = {3}, int64 axis = {1}>
{
  xq = QuantizeLinear(x, s, zp)  xd = DequantizeLinear(xq, s, zp)
  [sums] a = CumSum(xd, axis)
  aq = QuantizeLinear(a, s, zp)  ad = DequantizeLinear(aq, s, zp)
  [product] b = Einsum<equation = "ij->ij">(ad)
  bq = QuantizeLinear(b, s, zp)  z = DequantizeLinear(bq, s, zp)
}
"""
FLOAT = "m (float[1,4] x) => (float[1,4] y) { h = Relu(x)  y = Softmax(h) }"


def save(folder: Path, model: onnx.ModelProto | str) -> Path:
    path = folder / "net.onnx"
    path.write_bytes((parse(model) if isinstance(model, str) else model).SerializeToString())
    return path


def with_scale(name: str, value: float) -> onnx.ModelProto:
    """The dense layer with another scale in one place."""
    model = parse(DENSE)
    place = next(i for i in model.graph.initializer if i.name == name)
    place.CopyFrom(onnx.numpy_helper.from_array(np.array([value], np.float32), name))
    return model


def with_versions(ir: int = 8, opset: int = 13) -> onnx.ModelProto:
    model = parse(DENSE)
    model.ir_version, model.opset_import[0].version = ir, opset
    return model


def refused(run: Run, folder: Path) -> str:
    """What `hwgen build` says about net.onnx, progress left out; nothing is left behind, and the exit code is 1."""
    before = sorted(folder.rglob("*"))
    code, printed, error = run("build", folder / "net.onnx", "-o", folder / "out" / "b")
    assert (code, printed) == (1, "")
    assert sorted(folder.rglob("*")) == before
    return error[error.index("error: ") :]


UNREADABLE = """\
error: net.onnx: the file cannot be read as an ONNX model
  found:    {}
  expected: a binary ONNX model (protobuf)
  fix:      copy the file again if it may be truncated, else export it with torch.onnx.export or a converter
"""


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (parse(DENSE).SerializeToString()[:300], "300 bytes that do not parse to the end"),
        (bytes(range(256)), "256 bytes that do not parse to the end"),
        (b"import torch\n", "text that starts with 'import torch\\n'"),
    ],
    ids=["truncated", "not ONNX", "text"],
)
def test_a_file_that_is_no_model(run: Run, tmp_path: Path, content: bytes, found: str) -> None:
    (tmp_path / "net.onnx").write_bytes(content)
    assert refused(run, tmp_path) == UNREADABLE.format(found)


def test_versions_from_the_future(run: Run, tmp_path: Path) -> None:
    newest_ir, newest_opset = onnx.IR_VERSION, onnx.defs.onnx_opset_version()
    save(tmp_path, with_versions(ir=9999))
    assert refused(run, tmp_path) == (
        f"error: net.onnx: the IR version is too new\n  found:    9999\n  expected: at most {newest_ir}\n"
        f"  fix:      save it with model.ir_version = {newest_ir}, or install a newer onnx\n"
    )
    save(tmp_path, with_versions(opset=9999))
    assert refused(run, tmp_path) == (
        f"error: net.onnx: the opset is too new\n  found:    9999\n  expected: at most {newest_opset}\n"
        "  fix:      export with an older opset_version, or install a newer onnx\n"
    )


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (
            DENSE.replace("float[1,4] x", "float[N,K] x"),
            """\
error: input 'x' of net.onnx: an axis has no fixed size
  found:    ['N', 'K']
  expected: static shapes (a symbolic batch axis 0 becomes 1)
  fix:      fix it: --shape x=1,? with a number for each ?
""",
        ),
        (
            DENSE.replace("float[1,4] x", "float[0,4] x"),
            """\
error: input 'x' of net.onnx: an axis has no elements
  found:    [0, 4]
  expected: sizes of 1 or more
  fix:      export the model with real sizes
""",
        ),
        (
            FLOAT,
            """\
error: net.onnx: nothing is left to build
  found:    2 operators, none of them behind a QuantizeLinear
  expected: a quantized network
  fix:      quantize the model: hwgen quantize net.onnx --calib X.npz
""",
        ),
        (
            UNSUPPORTED,
            NO_KERNEL.format("CumSum 'sums'", 2, "CumSum") + NO_KERNEL.format("Einsum 'product'", 5, "Einsum"),
        ),
    ],
    ids=["dynamic shape", "axis without elements", "float model", "unsupported operators, all at once"],
)
def test_a_model_that_cannot_become_hardware(run: Run, tmp_path: Path, model: str, text: str) -> None:
    save(tmp_path, model)
    assert refused(run, tmp_path) == text


@pytest.mark.parametrize(
    ("scale", "value", "node"),
    [
        ("sx", 0.0, "QuantizeLinear 'x_q' (node 0"),
        ("sw", -0.25, "DequantizeLinear 'w_d' (node 2"),
        ("sy", float("nan"), "QuantizeLinear 'y_q' (node 5"),
        ("sy", float("inf"), "QuantizeLinear 'y_q' (node 5"),
    ],
)
def test_a_scale_that_is_no_positive_number(run: Run, tmp_path: Path, scale: str, value: float, node: str) -> None:
    save(tmp_path, with_scale(scale, value))
    assert refused(run, tmp_path) == (
        f"error: {node} of net.onnx): its scale is no positive number\n  found:    {value}\n"
        "  expected: finite scales above 0\n  fix:      calibrate again with data that excites this tensor\n"
    )


def test_weights_whose_file_is_missing_or_cut_off(run: Run, tmp_path: Path) -> None:
    model = parse(DENSE)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((64, 64), np.float32), "big"))
    onnx.save(model, tmp_path / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=100)
    (tmp_path / "net.data").write_bytes(bytes(100))
    assert refused(run, tmp_path).startswith(
        "error: net.onnx: external data cannot be read\n  found:    External data "
    )
    (tmp_path / "net.data").unlink()
    assert refused(run, tmp_path) == (
        "error: initializer 'big' of net.onnx: its external data file is missing\n"
        "  found:    no file 'net.data' beside the model\n  expected: 'net.data' in the same folder\n"
        "  fix:      copy both files, or export with external_data=False\n"
    )
