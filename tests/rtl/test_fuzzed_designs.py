# SPDX-License-Identifier: Apache-2.0
"""Random quantized graphs all the way to RTL: golden on every bit, predictions on every cycle that is measured."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import onnx
import pytest

from hwgen.pipeline import Source, compile_model
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.fuzz_graphs import Plan, build, shrink
from tests.harness import check_design

GRAPHS = int(os.environ.get("HWGEN_RTL_FUZZ", "8"))
SEEDS = range(1000, 1000 + GRAPHS)
MOST_ELEMENTS = 700


def failure(plan: Plan, folder: Path) -> str | None:
    """What is wrong with the design of a fuzzed graph, or None."""
    path = folder / "fuzz.onnx"
    onnx.save(build(plan), path)
    graph = compile_model(Source(path)).graph
    if not graph.outputs or sum(node.type.size for node in graph if not node.is_constant) > MOST_ELEMENTS * 6:
        return None
    interval = max(64, 2 * max(node.type.size for node in graph if not node.is_constant))
    goals = (Goal(), Goal(Fraction(100_000_000, 8 * interval)))
    try:
        check_design(make_plan(graph, Target.named("generic"), goals[plan.seed % 2]), frames=3)
    except AssertionError as error:
        return str(error)
    return None


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_graph_becomes_rtl_that_equals_golden(seed: int, tmp_path: Path) -> None:
    plan = Plan.random(seed)
    found = failure(plan, tmp_path)
    if found is not None:
        small = shrink(plan, lambda p: failure(p, tmp_path) is not None)
        text = onnx.printer.to_text(build(small).graph)
        pytest.fail(f"{found}\nsmallest plan: {small}\n{text[:3000]}")
