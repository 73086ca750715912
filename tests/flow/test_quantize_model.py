# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest

from hwgen.errors import BadModel, UserError
from hwgen.flow.quantize_model import STYLES, quantize_model

# An old file: initializers are inputs, a bias of shape (1, 3) is added after the product.
OLD_MLP = """
<ir_version: 3, opset_import: ["": 8]>
mlp (float[N, 4] x, float[4, 3] w, float[1, 3] b) => (float[N, 3] y) <float[4, 3] w, float[1, 3] b>
{ product = MatMul(x, w)  sum = Add(product, b)  y = Relu(sum) }
"""
QUANTIZED = """
<ir_version: 8, opset_import: ["": 13]>
done (float[1, 4] x) => (float[1, 4] y) <float s = {0.5}, int8 z = {0}>
{ q = QuantizeLinear(x, s, z)  y = DequantizeLinear(q, s, z) }
"""


@pytest.fixture
def mlp(tmp_path: Path) -> Path:
    model = onnx.parser.parse_model(OLD_MLP)
    rng = np.random.default_rng(1)
    for name, shape in (("w", (4, 3)), ("b", (1, 3))):
        model.graph.initializer.append(onnx.numpy_helper.from_array(rng.normal(size=shape).astype(np.float32), name))
    onnx.save(model, tmp_path / "mlp.onnx")
    np.savez(tmp_path / "x.npz", in_x=rng.normal(size=(16, 1, 4)))
    return tmp_path / "mlp.onnx"


def _scales(model: onnx.ModelProto) -> list[np.ndarray]:
    constants = {i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    return [constants[n.input[1]] for n in model.graph.node if n.op_type == "DequantizeLinear"]


@pytest.mark.parametrize("style", [style.name for style in STYLES])
def test_an_old_float_model_is_quantized_in_every_style(mlp: Path, style: str) -> None:
    result = quantize_model(mlp, mlp.with_name("x.npz"), style=style)
    assert (result.path, result.samples) == (mlp.with_name(f"mlp.{style}.onnx"), 16)
    model = onnx.load(result.path)
    assert any(scale.size == 3 for scale in _scales(model)) == (style == "u8s8-per-channel")
    kinds = {node.op_type for node in model.graph.node}
    assert ("QGemm" in kinds) == (style == "u8s8-qoperator")
    assert {opset.domain for opset in model.opset_import} == ({"", "com.microsoft"} if "QGemm" in kinds else {""})


def test_every_scale_of_the_power_of_two_style_is_a_power_of_two(mlp: Path) -> None:
    model = onnx.load(quantize_model(mlp, mlp.with_name("x.npz"), style="s8-power-of-two").path)
    exact = [Fraction(float(s)) for scale in _scales(model) for s in scale.ravel()]
    assert len(exact) > 3
    assert all(s.numerator & (s.numerator - 1) == 0 and s.denominator & (s.denominator - 1) == 0 for s in exact)


def test_a_quantized_model_is_refused(tmp_path: Path) -> None:
    onnx.save(onnx.parser.parse_model(QUANTIZED), tmp_path / "done.onnx")
    with pytest.raises(BadModel, match=r"QuantizeLinear '' \(node 0 of done.onnx\): already quantized"):
        quantize_model(tmp_path / "done.onnx", tmp_path / "x.npz")


def test_an_unknown_style_names_the_known_ones(mlp: Path) -> None:
    with pytest.raises(
        UserError, match="expected: s8, u8s8-per-channel, s8-symmetric, s8-power-of-two, u8s8-qoperator"
    ):
        quantize_model(mlp, mlp.with_name("x.npz"), style="int7")


def test_an_output_folder_that_is_not_there_is_reported(mlp: Path) -> None:
    with pytest.raises(UserError, match="the quantized model cannot be written"):
        quantize_model(mlp, mlp.with_name("x.npz"), mlp.parent / "missing" / "q.onnx")


def test_a_failure_leaves_nothing_behind(mlp: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sorted(p.name for p in mlp.parent.iterdir())
    monkeypatch.setattr("hwgen.flow.quantize_model._quantize_static", lambda *_: 1 / 0)
    with pytest.raises(BadModel, match="division by zero"):
        quantize_model(mlp, mlp.with_name("x.npz"))
    assert sorted(p.name for p in mlp.parent.iterdir()) == before
