# SPDX-License-Identifier: Apache-2.0
"""What is in a model, what would run where, and on which target it fits; or everything that stands in the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hwgen.errors import UnsupportedOp
from hwgen.flow.find_sparsity import Saving, WeightSparsity, find_sparsity
from hwgen.ir.graph import Graph
from hwgen.pipeline import Source, compile_model, load_source
from hwgen.plan.estimate import Estimate, estimate
from hwgen.plan.plan import Goal
from hwgen.progress import Progress, silent
from hwgen.targets import TARGETS, Target
from onnx_frontend.boundary import find_boundary
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.quant_graph import QuantGraph
from onnx_frontend.support import find_blockers

MOVES = frozenset(("QuantizeLinear", "DequantizeLinear", "Identity"))


@dataclass(frozen=True)
class EdgeTensor:
    """A tensor of codes at the edge of the hardware."""

    name: str
    shape: tuple[int, ...]
    bits: int
    signed: bool


@dataclass(frozen=True)
class ModelCheck:
    """operators: ONNX operators that become hardware, by how often; parameters: constants of those operators;
    weight_bits, activation_bits: (bits, elements or tensors) pairs; host: operators that run in NumPy on the host."""

    name: str
    operators: dict[str, int]
    parameters: int
    macs: int
    weight_bits: dict[int, int]
    activation_bits: dict[int, int]
    inputs: tuple[EdgeTensor, ...]
    outputs: tuple[EdgeTensor, ...]
    host: tuple[str, ...]
    targets: tuple[Estimate, ...]
    tensors: tuple[str, ...]
    sparsity: tuple[WeightSparsity, ...]

    def to_json(self) -> dict[str, Any]:
        zeros = [asdict(row) | {"savings": [_saving(s) for s in row.savings]} for row in self.sparsity]
        return {"ok": True, "blockers": [], **asdict(self), "sparsity": zeros}


def check_model(
    source: Source, targets: Sequence[Target] = TARGETS, goal: Goal | None = None, progress: Progress = silent
) -> ModelCheck:
    """Raises UserError with every blocker at once where the model cannot be built."""
    progress("reading the model")
    model = load_source(source)
    blockers = find_blockers(model, source.starts, source.stops)
    if blockers:
        raise UnsupportedOp(*blockers)
    compiled = compile_model(source, model)
    quantized, graph = compiled.quantized, compiled.graph
    progress("estimating")
    return ModelCheck(
        name=source.name,
        operators=dict(Counter(n.op for n in find_boundary(quantized).device if n.op not in MOVES).most_common()),
        parameters=_parameters(quantized),
        macs=graph.macs,
        weight_bits=_weight_bits(graph),
        activation_bits=dict(sorted(Counter(n.type.range.width for n in graph if n.tensor).items())),
        inputs=tuple(_edge(node.tensor or node.name, node.type) for node in graph.inputs),
        outputs=tuple(_edge(name, node.type) for name, node in graph.outputs.items()),
        host=host_boundary(quantized, graph).operators,
        targets=tuple(estimate(graph, target, goal or Goal()) for target in targets),
        tensors=tuple(name for name, tensor in quantized.tensors.items() if not tensor.is_constant),
        sparsity=find_sparsity(graph),
    )


def _parameters(quantized: QuantGraph) -> int:
    """Elements of all constants that the hardware's operators read, each counted once."""
    device = find_boundary(quantized).device
    names = {name for node in device if node.op not in MOVES for name in node.inputs if name}
    constants = (quantized.tensors[name] for name in sorted(names))
    return sum(t.value.size for t in constants if t.value is not None and t.value.dtype.kind != "U")


def _weight_bits(graph: Graph) -> dict[int, int]:
    """How many constants need how many bits."""
    bits: Counter[int] = Counter()
    for node in graph:
        if node.is_constant:
            bits[node.type.range.width] += node.type.size
    return dict(sorted(bits.items()))


def _saving(saving: Saving) -> dict[str, Any]:
    return {"pattern": saving.pattern, "cycles": float(saving.cycles), "bits": float(saving.bits)}


def _edge(name: str, kind: Any) -> EdgeTensor:
    return EdgeTensor(name, kind.shape, kind.range.width, kind.range.signed)
