# SPDX-License-Identifier: Apache-2.0
"""The golden model of a file on samples, host operators included, and its distance to another engine."""

from __future__ import annotations

import importlib.util
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np

from hwgen.comparison.compare import Comparison, NodeComparison, compare
from hwgen.comparison.exactness import exactness_of
from hwgen.errors import UserError
from hwgen.flow.samples import InputSpec, Samples, read_samples
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph, Label
from hwgen.pipeline import Compiled, Source, compile_model
from hwgen.progress import Progress, silent
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.oracle import Engine, Oracle, as_codes
from onnx_frontend.quant_graph import QuantGraph

MOST_REFERENCE_MACS = 20_000_000
"""Multiply-accumulates that the reference evaluator is asked for: some seconds."""

Against = Literal["auto", "onnxruntime", "qonnx", "reference", "none"]
AGAINST: tuple[Against, ...] = get_args(Against)


@dataclass(frozen=True, eq=False)
class GoldenRun:
    """outputs: per model output (samples, *shape). comparison: None where there was no engine to compare with.

    reference: the same against the ONNX reference evaluator, on the first samples, where it is another engine and can
    run the model.
    """

    graph: Graph
    samples: int
    outputs: dict[str, np.ndarray]
    comparison: Comparison | None
    oracle: str
    notes: tuple[str, ...]
    reference: Comparison | None = None

    def to_json(self) -> dict[str, Any]:
        found = self.comparison
        return {
            "ok": True,
            "samples": self.samples,
            "oracle": self.oracle,
            "nodes": [self._node(n) | self._exactness(n) for n in found.nodes] if found else [],
            "outputs": [self._node(n) | {"histogram": list(n.histogram)} for n in found.ends] if found else [],
            "top1_agreement": min(found.top1.values(), default=None) if found else None,
            "unexplained": found.unexplained if found else None,
            "notes": list(self.notes),
        }

    def _exactness(self, node: NodeComparison) -> dict[str, Any]:
        """What is known of a node before it runs, and its distance to the reference evaluator."""
        second = {n.name: n for n in self.reference.nodes} if self.reference else {}
        other = second.get(node.name)
        counts = ("compared", "different", "ties", "unexplained", "max_lsb")
        return {
            **exactness_of(self.graph[node.name]),
            "reference": {k: getattr(other, k) for k in counts} if other is not None else None,
        }

    def _node(self, node: NodeComparison) -> dict[str, Any]:
        origin = self.graph[node.name].origin
        return {
            "name": origin[0] if origin else node.name,
            "origin": list(origin),
            "op": node.op,
            "tensor": node.tensor,
            "stage": node.name,
            "compared": node.compared,
            "different": node.different,
            "ties": node.ties,
            "unexplained": node.unexplained,
            "max_lsb": node.max_lsb,
        }


def run_golden(
    source: Source, inputs: Path, output: Path | None = None, against: Against = "auto", progress: Progress = silent
) -> GoldenRun:
    """Compute the outputs for all samples of `inputs`, write them to `output`, and compare node by node.

    against: "auto" takes onnxruntime where it is installed, or the QONNX executor for files with operators of QONNX or
    FINN, else the ONNX reference evaluator. Raises UserError.
    """
    progress("reading the model")
    compiled = compile_model(source)
    boundary = host_boundary(compiled.quantized, compiled.graph)
    samples = read_samples(inputs, [InputSpec(t.name, t.shape, np.dtype(t.dtype)) for t in boundary.inputs])
    progress("computing the golden outputs")
    codes = boundary.to_codes(samples.arrays)
    results = evaluate(compiled.graph, codes)
    outputs = boundary.to_outputs({**codes, **results}, samples.arrays)
    if output is not None:
        _save(output, outputs)
    engine, notes = _engine(source, against)
    found = second = None
    if engine is not None:
        progress(f"comparing with {engine}")
        found = _compare(source, compiled, codes, samples, engine)
    if engine == "onnxruntime" and against == "auto":
        progress("comparing with the reference evaluator")
        second, note = _second(source, compiled, codes, samples)
        notes += note
    name = f"{engine} {version('onnx' if engine == 'reference' else engine)}" if engine else ""
    return GoldenRun(compiled.graph, samples.count, outputs, found, name, (*samples.notes, *notes), second)


def _second(
    source: Source, compiled: Compiled, codes: Mapping[str, np.ndarray], samples: Samples
) -> tuple[Comparison | None, tuple[str, ...]]:
    """The reference evaluator on as many samples as it has the time for; or why it was left out."""
    count = min(samples.count, MOST_REFERENCE_MACS // max(1, compiled.graph.macs))
    if not count:
        return None, ("not compared with the reference evaluator: it would take minutes",)
    some = Samples({name: values[:count] for name, values in samples.arrays.items()}, samples.notes)
    first = {name: values[:count] for name, values in codes.items()}
    try:
        return _compare(source, compiled, first, some, "reference"), ()
    except UserError as error:
        return None, (f"not compared with the reference evaluator: {error.blockers[0].found}",)


def _engine(source: Source, against: Against) -> tuple[Engine | None, tuple[str, ...]]:
    if against not in AGAINST:
        raise UserError.of(
            "--compare", "there is no such engine",
            found=against, expected=", ".join(AGAINST), fix="choose one of these names",
        )  # fmt: skip
    if against == "none":
        return None, ()
    if source.start is not None:
        return None, ("not compared: the engine cannot start at --from",)
    if against != "auto":
        return against, ()
    wanted: Engine = "qonnx" if Oracle.of_file(source.path).needs_qonnx else "onnxruntime"
    return (wanted if importlib.util.find_spec(wanted) is not None else "reference"), ()


def _compare(
    source: Source, compiled: Compiled, codes: Mapping[str, np.ndarray], samples: Samples, engine: Engine
) -> Comparison:
    oracle, graph = Oracle.of_file(source.path, engine), compiled.graph
    tensors = {n.tensor for n in graph if n.tensor and not n.is_constant and not n.is_input}
    fronts = {t: f for t in tensors if (f := oracle.rounded_from(t)) is not None}
    try:
        values = oracle.run(samples.arrays, sorted({*tensors, *fronts.values()}))
    except UserError:
        raise
    except Exception as error:  # engines raise many types, all about the model
        raise _cannot_run(source, engine, error) from error
    labels = grids(compiled.quantized)
    found = {t: as_codes(values[t], labels.get(t)) for t in tensors if t in values}
    known: dict[str, np.ndarray] = {t: v for t, v in found.items() if v.dtype.kind in "iu"}
    known |= {node.tensor: codes[node.tensor] for node in graph.inputs}
    floats = {t: values[f] for t, f in fronts.items()}
    return compare(graph, known, labels, floats, roundings=compiled.quantized.roundings)


def _cannot_run(source: Source, engine: Engine, error: Exception) -> UserError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    other = "onnxruntime" if engine == "reference" else "reference"
    return UserError.of(
        f"{engine} on {source.path.name}", "the engine cannot run the model",
        found=lines[-1] if lines else type(error).__name__, expected="a model of its opsets and operators",
        fix=f"--compare {other}, or --compare none",
    )  # fmt: skip


def grids(quantized: QuantGraph) -> dict[str, Label]:
    """What the codes of each tensor mean."""
    quants = {name: tensor.quant for name, tensor in quantized.tensors.items()}
    return {name: Label(q.scale, q.zero_point, q.axis) for name, q in quants.items() if q is not None}


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """An npz file, whole or not at all."""
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".npz", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                np.savez(file, allow_pickle=False, **arrays)
            Path(name).chmod(0o644)
            os.replace(name, path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise UserError.of(
            str(path), "the outputs cannot be written", found=error.strerror or error,
            expected="a place that can be written to", fix="choose another one with -o",
        ) from error  # fmt: skip
