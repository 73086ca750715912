# SPDX-License-Identifier: Apache-2.0
"""A small real bundle: two dense layers, the first of them also an output."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.emit.emit import emit
from hwgen.ir.graph import Graph, Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.concat.op import Concat
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.rtl.build_top import build_top
from hwgen.targets import Target


def tiny_graph() -> Graph:
    x = Node(Input(TensorType((1, 12), IntRange(-8, 7))), (), "x")
    hidden = _dense("hidden", x, 6, 1)
    return Graph((x,), {"y": _dense("y", hidden, 4, 2), "hidden": hidden})


def _dense(name: str, x: Node, outputs: int, seed: int) -> Node:
    weights = np.random.default_rng(seed).integers(-3, 4, (outputs, x.type.shape[-1]))
    return Node(MatMul(len(x.type.shape) - 1), (x, Node(Constant(weights), (), f"{name}_w")), name)


def two_input_graph() -> Graph:
    a = Node(Input(TensorType((1, 6), IntRange(-8, 7))), (), "a")
    b = Node(Input(TensorType((1, 4), IntRange(0, 15))), (), "b")
    return Graph((a, b), {"y": _dense("y", Node(Concat(1), (a, b), "both"), 3, 5)})


def write_tiny_bundle(folder: Path, graph: Graph | None = None) -> Path:
    graph = graph or tiny_graph()
    plan = make_plan(graph, Target.named("ecp5-25k"), Goal(Fraction(1_000_000)))
    return emit("tiny", plan, build_top(plan), {"host": {}, "host_operators": []}).write(folder)


def run_bench(bundle: Path, *arguments: str) -> tuple[int, dict[str, Any], str]:
    """Exit code, results and output of the bundle's own runner in Icarus Verilog."""
    command = [sys.executable, "bench/run.py", "--simulator", "icarus", *arguments]
    done = subprocess.run(command, cwd=bundle, capture_output=True, text=True)
    path = bundle / "build/sim/results.json"
    return done.returncode, json.loads(path.read_text()) if path.exists() else {}, done.stdout + done.stderr
