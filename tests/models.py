# SPDX-License-Identifier: Apache-2.0
"""Tiny models in ONNX text syntax, and the short ways from a model to a graph and to an oracle."""

from __future__ import annotations

import importlib.util
import os
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from hwgen.comparison.compare import Comparison, compare
from hwgen.ir.graph import Graph
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.load import with_places
from onnx_frontend.lower.lower import lower
from onnx_frontend.normalize import normalize
from onnx_frontend.oracle import Engine, Oracle
from onnx_frontend.quant_graph import QuantGraph
from onnx_frontend.quantization import read_quantization


def parse(text: str) -> onnx.ModelProto:
    """A model in ONNX text syntax; without a header it gets opset 13 and IR 8."""
    text = textwrap.dedent(text).strip()
    header = "" if text.startswith("<") else '<ir_version: 8, opset_import: ["" : 13]>\n'
    return onnx.parser.parse_model(header + text)


def quantized(model: str | onnx.ModelProto, shapes: Mapping[str, tuple[int, ...]] | None = None) -> QuantGraph:
    """Text or proto as a QuantGraph."""
    proto = parse(model) if isinstance(model, str) else model
    return read_quantization(normalize(with_places(ir.from_proto(proto), "test.onnx"), shapes))


def lowered(model: str | onnx.ModelProto) -> Graph:
    """Text or proto as a graph of integers, without optimization."""
    return lower(quantized(model))


@dataclass(frozen=True)
class Pair:
    """A model on both sides: its graph and its oracle."""

    quantized: QuantGraph
    graph: Graph
    oracle: Oracle

    @classmethod
    def of(cls, model: str | onnx.ModelProto, engine: Engine = "onnxruntime") -> Pair:
        proto = parse(model) if isinstance(model, str) else model
        graph = quantized(proto)
        return cls(graph, lower(graph), Oracle(proto, engine))

    def inputs(self, samples: int, seed: int = 0) -> dict[str, np.ndarray]:
        """Random inputs that reach every code."""
        rng = np.random.default_rng(seed)
        return {name: self._input(name, samples, rng) for name in self.quantized.inputs}

    def _input(self, name: str, samples: int, rng: np.random.Generator) -> np.ndarray:
        tensor = self.quantized.tensors[name]
        readers = [n.output for n in self.quantized.consumers.get(name, []) if n.op == "QuantizeLinear"]
        quant = tensor.quant or (self.quantized.tensors[readers[0]].quant if readers else None)
        shape = (samples, *tensor.shape)
        if quant is None:
            return rng.standard_normal(shape).astype(np.float32)
        codes = rng.integers(quant.codes.lo, quant.codes.hi + 1, shape)
        if tensor.quant is not None:
            return codes.astype(tensor.dtype)
        return ((codes - quant.zero_point[0]) * float(quant.scale[0])).astype(np.float32)

    def compare(self, samples: int, seed: int = 0) -> Comparison:
        """Teacher-forced, over random inputs."""
        return self.compare_on(self.inputs(samples, seed))

    def compare_on(self, inputs: Mapping[str, np.ndarray]) -> Comparison:
        """Teacher-forced, over given inputs."""
        values = self.oracle.codes(self.quantized, self.graph, inputs)
        codes = self.with_inputs(values.codes, inputs)
        known = (values.grids, values.before_rounding, values.magnitudes, self.quantized.roundings)
        return compare(self.graph, codes, *known)

    def with_inputs(self, codes: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Codes of tensors, with those of the inputs on grids that the file does not name."""
        known = dict(codes)
        if any(n.tensor not in known for n in self.graph.inputs):
            known = host_boundary(self.quantized, self.graph).to_codes(inputs) | known
        return known


QONNX_ENGINE: Engine = "qonnx" if importlib.util.find_spec("qonnx") else "reference"


def assert_equal_to_oracle(
    model: str | onnx.ModelProto, samples: int = 16, seed: int = 0, engine: Engine = "onnxruntime"
) -> Comparison:
    """Every tensor of codes equals another engine's, certified ties apart; and something was compared."""
    result = Pair.of(model, engine).compare(samples, seed)
    assert result.compared > 0
    assert [n for n in result.nodes if n.unexplained] == []
    assert result.max_lsb <= 1
    return result


def shared_model(name: str) -> Path:
    """A model of the folder of real models; the test is skipped where the folder is not there."""
    given = os.environ.get("HWGEN_MODELS")
    here = Path(__file__).resolve()
    folders = [Path(given)] if given else [p / "shared" / "models" for p in here.parents]
    for folder in folders:
        if (folder / name).is_file():
            return folder / name
    pytest.skip(f"real models are not here ({name}): set HWGEN_MODELS to their folder")


DENSE = """
dense (float[1,4] x) => (float[1,2] y)
<float sx = {0.5}, int8 zx = {3}, int8[2,4] w = {1,-2,3,4,5,6,-7,8}, float sw = {0.25}, int8 zw = {0},
 int32[2] b = {10,-20}, float sb = {0.125}, int32 zb = {0}, float sy = {1.0}, int8 zy = {-1}>
{
  x_q = QuantizeLinear(x, sx, zx)
  x_d = DequantizeLinear(x_q, sx, zx)
  w_d = DequantizeLinear(w, sw, zw)
  b_d = DequantizeLinear(b, sb, zb)
  [dense] h = Gemm<transB = 1>(x_d, w_d, b_d)
  y_q = QuantizeLinear(h, sy, zy)
  y = DequantizeLinear(y_q, sy, zy)
}
"""
