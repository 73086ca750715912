# SPDX-License-Identifier: Apache-2.0
"""What another engine computes for the user's own file: every tensor of codes, and the float outputs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import onnx

from hwgen.errors import ToolMissing, UserError
from hwgen.ir.graph import Graph, Label
from onnx_frontend.quant_graph import QuantGraph
from onnx_frontend.unsigned_weights import with_unsigned_weights

Engine = Literal["onnxruntime", "qonnx", "reference"]
QONNX_DOMAINS = ("qonnx.custom_op.general", "finn.custom_op.general", "onnx.brevitas")
ROUNDS = ("QuantizeLinear", "Quant", "IntQuant")
LIMITS = ("Clip", "Identity")
ARITHMETIC = ("Add", "Sub", "Mul", "Div", "Relu", "Clip", "Min", "Max", "Neg")
NEWEST_IR = 10  # onnxruntime lags behind onnx; nothing of IR 11 and later changes a result


@dataclass(frozen=True, eq=False)
class OracleValues:
    """Per ONNX tensor of codes ``(samples, *shape)``: the codes, what they mean, the floats before rounding, and the
    largest number that occurred on the way to them (where there are constants that may cancel)."""

    codes: dict[str, np.ndarray]
    grids: dict[str, Label]
    before_rounding: dict[str, np.ndarray]
    magnitudes: dict[str, float]


@dataclass(frozen=True, eq=False)
class Oracle:
    """An engine with a model in which every tensor may be asked for."""

    model: onnx.ModelProto
    engine: Engine = "onnxruntime"

    @classmethod
    def of_file(cls, path: str | os.PathLike[str], engine: Engine = "onnxruntime") -> Oracle:
        return cls(onnx.load(Path(path)), engine)

    @property
    def input_shapes(self) -> dict[str, tuple[int | None, ...]]:
        """Per graph input its axes, None where symbolic."""
        constants = {i.name for i in self.model.graph.initializer}
        return {
            i.name: tuple(d.dim_value or None for d in i.type.tensor_type.shape.dim)
            for i in self.model.graph.input
            if i.name not in constants
        }

    @property
    def tensors(self) -> set[str]:
        """Names of everything that can be asked for."""
        given = {name for node in self.model.graph.node for name in node.output if name}
        return given | {i.name for i in self.model.graph.input}

    @property
    def needs_qonnx(self) -> bool:
        """Whether the file has operators of QONNX or FINN, which onnxruntime does not know."""
        return any(n.domain in QONNX_DOMAINS or n.op_type in ("Quant", "BipolarQuant") for n in self.model.graph.node)

    def rounded_from(self, tensor: str) -> str | None:
        """The float tensor in front of the quantizer that gives `tensor`, perhaps through a Clip of its codes."""
        for node in self.model.graph.node:
            if tensor in node.output and node.op_type in ROUNDS:
                return node.input[0]
            if tensor in node.output and node.op_type in LIMITS:
                return self.rounded_from(node.input[0])
        return None

    def run(self, inputs: Mapping[str, np.ndarray], wanted: Collection[str]) -> dict[str, np.ndarray]:
        """Values of the wanted tensors, each ``(samples, *shape)``.

        inputs: per graph input ``(samples, *shape)`` with the shape of one frame (batch axis 1 included). The file is
        run frame by frame, or B frames at a time where it was exported for a fixed batch of B.
        """
        wanted = [name for name in wanted if name in self.tensors]
        direct = {name: np.asarray(inputs[name]) for name in wanted if name in inputs}
        asked = [name for name in wanted if name not in direct]
        samples, batch = len(next(iter(inputs.values()))), self._batch(inputs)
        if samples % batch:
            raise UserError.of(
                "the comparison", "samples do not fill the model's batch", found=samples, expected=f"a multiple of {batch}",
                fix="give more samples",
            )  # fmt: skip
        runner = self.runner(asked)
        results: list[list[np.ndarray]] = []
        for at in range(0, samples, batch):
            feeds = {
                k: np.concatenate(list(np.asarray(v)[at : at + batch])) if batch > 1 else np.asarray(v)[at]
                for k, v in inputs.items()
            }
            results += _frames(runner(feeds), batch)
        return direct | {name: np.stack([r[k] for r in results]) for k, name in enumerate(asked)}

    def codes(self, quantized: QuantGraph, graph: Graph, inputs: Mapping[str, np.ndarray]) -> OracleValues:
        """What this engine gives for every tensor of codes that the graph computes: the input of `hwgen.comparison.compare`."""
        names = [n.tensor for n in graph.nodes if n.tensor and not n.is_constant and n.tensor in self.tensors]
        floats = {name: source for name in names if (source := self.rounded_from(name)) is not None}
        paths = {name: self._chain(source) for name, source in floats.items()}
        values = self.run(inputs, {*names, *floats.values(), *(t for path in paths.values() for t in path)})
        quants = {name: quantized.tensors[name].quant for name in names}
        grids = {name: Label(q.scale, q.zero_point, q.axis) for name, q in quants.items() if q is not None}
        return OracleValues(
            {name: as_codes(values[name], grids.get(name)) for name in names},
            grids,
            {name: values[source] for name, source in floats.items()},
            {name: max(float(np.abs(values[t]).max()) for t in path) for name, path in paths.items() if path},
        )

    def _chain(self, tensor: str) -> list[str]:
        """Float tensors in front of `tensor` up to the first that no elementwise arithmetic computes; empty where there
        is at most one such operator, since nothing can cancel then."""
        makers = {name: node for node in self.model.graph.node for name in node.output}
        chain, waiting = [], [tensor]
        while waiting:
            name = waiting.pop()
            chain.append(name)
            if name in makers and makers[name].op_type in ARITHMETIC:
                waiting += [i for i in makers[name].input if i in makers and i not in chain]
        return chain if len(chain) > 2 else []

    def _batch(self, inputs: Mapping[str, np.ndarray]) -> int:
        """Frames that one run of the file takes."""
        sizes = {
            shape[0] for name, shape in self.input_shapes.items()
            if name in inputs and shape and shape[0] and np.shape(inputs[name])[1] == 1
        }  # fmt: skip
        return max(sizes, default=1)

    def runner(self, asked: list[str]) -> Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]:
        """A function from the graph inputs of one run of the file to the values of the tensors `asked`, in order."""
        exposed = onnx.ModelProto()
        exposed.CopyFrom(self.model)
        present = {o.name for o in exposed.graph.output}
        exposed.graph.output.extend(onnx.ValueInfoProto(name=name) for name in asked if name not in present)
        if self.engine == "qonnx":
            from onnx_frontend.qonnx_executor import qonnx_runner

            return qonnx_runner(exposed, asked)
        if self.engine == "reference":
            from onnx.reference import ReferenceEvaluator

            from onnx_frontend.reference_ops import REFERENCE_OPS

            evaluator = ReferenceEvaluator(with_imports(exposed), new_ops=REFERENCE_OPS)
            return lambda feeds: evaluator.run(asked, feeds)
        session = _session(with_unsigned_weights(exposed))
        return lambda feeds: session.run(asked, feeds)


def as_codes(values: np.ndarray, grid: Label | None) -> np.ndarray:
    """What an engine gives for a tensor of codes: the codes themselves, or the real numbers for which they stand."""
    if values.dtype.kind in "iu" or grid is None:
        return values
    shape = [-1 if k == 1 + (grid.axis or 0) else 1 for k in range(values.ndim)]
    scale, zero = (np.array([float(v) for v in vs]) for vs in (grid.scale, grid.zero_point))
    scale, zero = (v.reshape(shape) if v.size > 1 else v for v in (scale, zero))
    return (np.rint(values.astype(np.float64) / scale) + zero).astype(np.int64)


def with_imports(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with the domains that its nodes use and it does not name."""
    named = {o.domain for o in model.opset_import}
    missing = {n.domain for n in model.graph.node} - named - {""}
    model.opset_import.extend(onnx.helper.make_opsetid(domain, 1) for domain in sorted(missing))
    return model


def _frames(values: list[np.ndarray], batch: int) -> list[list[np.ndarray]]:
    """The results of one run, one list a frame."""
    if batch == 1:
        return [[np.asarray(v) for v in values]]
    return [[np.asarray(v)[k : k + 1] for v in values] for k in range(batch)]


def _session(model: onnx.ModelProto):
    """onnxruntime as the float QDQ semantics ask: no graph optimization, one thread."""
    try:
        import onnxruntime
    except ImportError as error:
        raise ToolMissing.of(
            "the comparison", "onnxruntime is not installed", found="no module onnxruntime", expected="onnxruntime 1.22 or newer",
            fix="pip install 'hwgen[onnxruntime]', or compare with --oracle reference",
        ) from error  # fmt: skip
    if model.ir_version > NEWEST_IR:
        model.ir_version = NEWEST_IR
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise UserError.of(
            "the comparison", "onnxruntime cannot load the model", found=str(error).splitlines()[0], expected="a model it can run",
            fix="compare with --oracle reference",
        ) from error  # fmt: skip
