# SPDX-License-Identifier: Apache-2.0
"""The whole compiler, read top to bottom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from hwgen.emit.bundle import Bundle
from hwgen.ir.graph import Graph
from hwgen.passes.optimize import optimize
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal, Plan
from hwgen.plan.plan_json import foldings_from_json
from hwgen.progress import Progress, silent
from hwgen.targets import Target
from onnx_frontend.cut import cut
from onnx_frontend.host_boundary import host_boundary
from onnx_frontend.load import load_model
from onnx_frontend.lower.lower import lower
from onnx_frontend.normalize import normalize
from onnx_frontend.quant_graph import QuantGraph
from onnx_frontend.quantization import read_quantization
from onnx_frontend.scale_sources import scale_sources

if TYPE_CHECKING:
    import onnx_ir


@dataclass(frozen=True)
class Source:
    """A model file and which part of it to build.

    shapes: sizes of symbolic dimensions by input. start, stop: tensor names to cut at, None for the whole model.
    norm_error: LSB by which a normalization may be off before it is rounded; None for its usual bound.
    """

    path: Path
    shapes: dict[str, tuple[int, ...]] | None = None
    start: str | None = None
    stop: str | None = None
    norm_error: Fraction | None = None

    @property
    def starts(self) -> tuple[str, ...]:
        return () if self.start is None else (self.start,)

    @property
    def stops(self) -> tuple[str, ...]:
        return () if self.stop is None else (self.stop,)

    @property
    def name(self) -> str:
        """The file's name as a Verilog identifier."""
        stem = re.sub(r"\W+", "_", Path(self.path).name.removesuffix(".onnx")).strip("_").lower()
        return stem if stem[:1].isalpha() else f"model_{stem}"


@dataclass(frozen=True, eq=False)
class Compiled:
    """A model as integers, with the file's own view of it."""

    quantized: QuantGraph
    graph: Graph


@dataclass(frozen=True, eq=False)
class Built:
    """A plan and the bundle that it became."""

    plan: Plan
    bundle: Bundle


def compile_model(source: Source, model: onnx_ir.Model | None = None) -> Compiled:
    """From the file to an optimized graph of integers. Raises UserError with every blocker.

    model: the file as `load_source` gives it, where it is at hand.
    """
    quantized = cut(read_quantization(model or load_source(source)), source.starts, source.stops)
    return Compiled(quantized, optimize(lower(quantized, source.norm_error)))


def load_source(source: Source) -> onnx_ir.Model:
    """The checked model with static shapes."""
    return normalize(load_model(source.path), source.shapes)


def build(
    source: Source,
    target: Target,
    goal: Goal,
    *,
    plan_json: str | None = None,
    progress: Progress = silent,
) -> Built:
    """The whole way from an ONNX file to a bundle."""
    from hwgen.emit.emit import emit
    from hwgen.rtl.build_top import build_top

    progress("reading the model")
    compiled = compile_model(source)
    graph = compiled.graph
    progress("planning")
    fixed = foldings_from_json(plan_json, graph, target) if plan_json else None
    plan = make_plan(graph, target, goal, fixed)
    progress("writing Verilog")
    top = build_top(plan)
    host = host_boundary(compiled.quantized, graph)
    facts: dict[str, object] = {"host": host.to_json(), "host_operators": list(host.operators)}
    return Built(plan, emit(source.name, plan, top, facts, scale_sources(compiled.quantized, graph)))
