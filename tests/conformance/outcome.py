# SPDX-License-Identifier: Apache-2.0
"""What hwgen makes of a node test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import onnx_ir as ir

from hwgen.comparison.compare import compare
from hwgen.errors import UnsupportedOp, UserError
from hwgen.flow.run_golden import grids
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph
from hwgen.passes.optimize import optimize
from onnx_frontend.host_boundary import HostBoundary, host_boundary
from onnx_frontend.load import with_places
from onnx_frontend.lower.lower import lower_leniently
from onnx_frontend.normalize import normalize
from onnx_frontend.oracle import Oracle
from onnx_frontend.quant_graph import QuantGraph
from onnx_frontend.quantization import read_quantization
from tests.conformance.carry import Carried, carry
from tests.conformance.cases import Case

NOTHING = "nothing is left to build"  # a model of host operators alone
Status = Literal["golden", "host", "refused", "wrong"]


@dataclass(frozen=True)
class Outcome:
    """status "host": right, and nothing of it is hardware. reason: why a test was refused, or what is wrong."""

    status: Status
    reason: str = ""

    @property
    def passed(self) -> bool:
        return self.status in ("golden", "host")


@dataclass(frozen=True, eq=False)
class Read:
    """A carried test as hwgen reads it."""

    quantized: QuantGraph
    graph: Graph
    boundary: HostBoundary


def read(carried: Carried, name: str) -> Read:
    model = normalize(with_places(ir.from_proto(carried.model), f"{name}.onnx"))
    quantized = read_quantization(model)
    graph, blockers = lower_leniently(quantized)
    if any(blocker.what != NOTHING for blocker in blockers) or not (graph.inputs or _is_host_alone(quantized)):
        raise UnsupportedOp(*blockers)
    graph = graph if blockers else optimize(graph)
    return Read(quantized, graph, host_boundary(quantized, graph))


def _is_host_alone(quantized: QuantGraph) -> bool:
    """Whether a model without codes is one of quantizers at least, or was folded to constants."""
    outputs = [quantized.tensors[output.tensor] for output in quantized.outputs]
    return all(t.is_constant for t in outputs) or any("QuantizeLinear" in node.op for node in quantized.nodes)


def outcome(case: Case) -> Outcome:
    """Compiles a test and computes its data, host operators included."""
    try:
        carried = carry(case)
        known = read(carried, case.name)
    except UserError as error:
        blocker = error.blockers[0]
        if blocker.what == NOTHING:
            return Outcome("refused", f"no codes: {', '.join(sorted({str(v.dtype) for v in case.inputs.values()}))}")
        return Outcome("refused", f"{blocker.what} ({blocker.found})")
    samples = {name: frames(known, name, values) for name, values in carried.inputs.items()}
    wrong = _differences(known, carried, samples)
    if wrong:
        return Outcome("wrong", wrong)
    return Outcome("golden" if any(not n.is_input for n in known.graph) else "host")


def frames(known: Read, name: str, values: np.ndarray) -> np.ndarray:
    """The data as samples: one, or one for each element of a batch that the model was made for."""
    shape = next((i.shape for i in known.boundary.inputs if i.name == name), values.shape)
    return values[np.newaxis] if tuple(shape) == values.shape else values[:, np.newaxis]


def _differences(known: Read, carried: Carried, samples: Mapping[str, np.ndarray]) -> str:
    if not known.graph.inputs:
        return _unequal(known.boundary.to_outputs({}, samples), carried.expected or {})
    codes = known.boundary.to_codes(samples)
    if carried.expected is None:
        return _beyond_ties(known, carried, samples, codes)
    outputs = known.boundary.to_outputs({**codes, **evaluate(known.graph, codes)}, samples)
    return _unequal(outputs, carried.expected)


def _unequal(outputs: Mapping[str, np.ndarray], expected: Mapping[str, np.ndarray]) -> str:
    for name, wanted in expected.items():
        found = outputs[name]
        found = np.concatenate(found) if len(found) > 1 else found[0]  # a batch runs frame by frame
        if found.shape != wanted.shape:
            return f"{name}: shape {found.shape}, not {wanted.shape}"
        if not np.array_equal(found.astype(np.float64), wanted.astype(np.float64)):
            return f"{name}: {int((found != wanted).sum())} of {wanted.size} elements differ"
    return ""


def _beyond_ties(
    known: Read, carried: Carried, samples: Mapping[str, np.ndarray], codes: Mapping[str, np.ndarray]
) -> str:
    """Differences to onnxruntime that are no certified ties."""
    oracle = Oracle(carried.model)
    tensors = {n.tensor for n in known.graph if n.tensor and not n.is_constant and not n.is_input}
    fronts = {t: f for t in tensors if (f := oracle.rounded_from(t)) is not None}
    values = oracle.run(samples, sorted({*tensors, *fronts.values()}))
    theirs = {t: values[t] for t in tensors} | {n.tensor: codes[n.tensor] for n in known.graph.inputs}
    found = compare(known.graph, theirs, grids(known.quantized), {t: values[f] for t, f in fronts.items()})
    if found.compared:
        return f"{found.unexplained} of {found.compared} elements differ" if found.unexplained else ""
    names = [value.name for value in carried.model.graph.output]
    ours = known.boundary.to_outputs({**codes, **evaluate(known.graph, codes)}, samples)
    values = oracle.run(samples, names)
    return _unequal(ours, {name: np.concatenate(v) if len(v) > 1 else v[0] for name, v in values.items()})
