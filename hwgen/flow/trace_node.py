# SPDX-License-Identifier: Apache-2.0
"""One node or tensor of a model, followed from its ONNX name down to the memories of the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Any

import numpy as np

from hwgen.encodings.twos_complement.code import encode
from hwgen.errors import UserError
from hwgen.ir.graph import Node
from hwgen.kernels.catalog import kernel_of
from hwgen.pipeline import Compiled, Source, compile_model
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal, Plan, Stage
from hwgen.progress import Progress, silent
from hwgen.targets import Target
from onnx_frontend.quant_graph import Quant, QuantNode, QuantTensor

SHOWN_STEPS, SHOWN_ROWS = 4, 2


@dataclass(frozen=True)
class TensorTrace:
    """An ONNX tensor: its grid as the file gives it, and for constants the range of the codes."""

    name: str
    shape: tuple[int, ...] | None
    bits: int | None
    signed: bool | None
    scale: tuple[float, ...]
    zero_point: tuple[int, ...]
    axis: int | None
    codes: tuple[int, int] | None


@dataclass(frozen=True)
class StaircaseTrace:
    """The exact rounding of one channel: domain of the sums, number of steps, the first (sum, code from there on)."""

    channel: int
    domain: tuple[int, int]
    steps: int
    first: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class MemoryTrace:
    """A memory of the unit: its file in the bundle, its size, and its first rows in hexadecimal."""

    file: str
    depth: int
    bits: int
    encoding: str
    rows: tuple[str, ...]


@dataclass(frozen=True)
class StageTrace:
    """The integer operator of a stage, how it is folded, and the Verilog instance that carries it out."""

    name: str
    operator: str
    origin: tuple[str, ...]
    shape: tuple[int, ...]
    range: tuple[int, int]
    bits: int
    instance: str
    folding: dict[str, Any]
    cycles: int
    why: str
    staircases: tuple[StaircaseTrace, ...]
    memories: tuple[MemoryTrace, ...]


@dataclass(frozen=True)
class NodeTrace:
    """Everything about `asked`. place: the ONNX node in words; stages: empty where the host computes it."""

    asked: str
    place: str
    inputs: tuple[TensorTrace, ...]
    outputs: tuple[TensorTrace, ...]
    stages: tuple[StageTrace, ...]

    def to_json(self) -> dict[str, Any]:
        return {"ok": True, **asdict(self)}


def trace_node(source: Source, asked: str, target: Target, goal: Goal, progress: Progress = silent) -> NodeTrace:
    """Follow the ONNX node or tensor `asked`, or a stage by its name. Raises UserError where nothing is called so."""
    progress("reading the model")
    compiled = compile_model(source)
    quantized = compiled.quantized
    tensor = quantized.names.get(asked, asked)
    node = next((n for n in quantized.nodes if asked in (n.name, *n.outputs) or tensor in n.outputs), None)
    stages = _matching(compiled.graph.nodes, asked, tensor, node)
    if node is None and not stages:
        raise _unknown(compiled, asked)
    if node is None:
        names = {name for stage in stages for name in stage.origin}
        node = next((n for n in quantized.nodes if n.name in names), None)
    progress("planning")
    plan = make_plan(compiled.graph, target, goal)
    wanted = {stage.name for stage in stages}
    planned = tuple(_stage(plan, s, source.name) for s in plan.stages if s.name in wanted)
    tensors = quantized.tensors
    return NodeTrace(
        asked,
        quantized.place(node) if node else asked,
        tuple(_tensor(tensors[name]) for name in (node.inputs if node else ()) if name),
        tuple(_tensor(tensors[name]) for name in (node.outputs if node else ()) if name),
        planned,
    )


def _matching(nodes: tuple[Node, ...], asked: str, tensor: str, node: QuantNode | None) -> list[Node]:
    names = {asked, tensor} | ({node.name} if node and node.name else set())
    return [n for n in nodes if not n.is_constant and names & {n.name, n.tensor, *n.origin}]


def _unknown(compiled: Compiled, asked: str) -> UserError:
    quantized = compiled.quantized
    known = [n.name for n in quantized.nodes if n.name] + [o for n in quantized.nodes for o in n.outputs]
    near = get_close_matches(asked, known, 3, 0.4) or known[:3]
    return UserError.of(
        f"'{asked}' in {quantized.file}", "no node and no tensor has this name",
        found=asked, expected=f"a name of the file, such as {', '.join(near)}",
        fix="hwgen check --json lists the tensors",
    )  # fmt: skip


def _tensor(tensor: QuantTensor) -> TensorTrace:
    quant: Quant | None = tensor.quant
    codes = None
    if tensor.value is not None and tensor.value.size and tensor.value.dtype.kind in "iu":
        codes = (int(tensor.value.min()), int(tensor.value.max()))
    if quant is None:
        return TensorTrace(tensor.name, tensor.shape, None, None, (), (), None, codes)
    scale = tuple(float(s) for s in quant.scale)
    return TensorTrace(tensor.name, tensor.shape, quant.bits, quant.signed, scale, quant.zero_point, quant.axis, codes)


def _stage(plan: Plan, stage: Stage, top: str) -> StageTrace:
    node = stage.node
    return StageTrace(
        stage.name, node.op.name, node.origin, node.type.shape, (node.type.range.lo, node.type.range.hi),
        node.type.range.width, f"{top}.{stage.unit}", {"form": stage.folding.form, **asdict(stage.folding)},
        stage.cycles.worst, stage.why, _staircases(node), _memories(plan, stage),
    )  # fmt: skip


def _staircases(node: Node) -> tuple[StaircaseTrace, ...]:
    """Of every channel, for operators that are staircases."""
    exact = getattr(node.op, "staircases", None)
    if exact is None:
        return ()
    return tuple(
        StaircaseTrace(
            channel,
            (s.domain.lo, s.domain.hi),
            len(s.thresholds),
            tuple(zip(s.thresholds[:SHOWN_STEPS], s.values[1 : SHOWN_STEPS + 1], strict=True)),
        )
        for channel, s in enumerate(exact(node.operands[0].type.range))
    )


def _memories(plan: Plan, stage: Stage) -> tuple[MemoryTrace, ...]:
    specs = {unit.name: unit.spec for unit in plan.units}
    images: Mapping[str, Any] = kernel_of(stage.node).program(stage.node, stage.folding, specs[stage.unit], stage.taken)
    found = []
    for name, image in images.items():
        words = encode(np.asarray(image.values[:SHOWN_ROWS]), image.bits)
        rows = tuple(f"{word:0{-(-image.width // 4)}x}" for word in words)
        found.append(MemoryTrace(f"mem/{stage.unit}_{name}.hex", image.depth, image.width, image.encoding, rows))
    return tuple(found)
