# SPDX-License-Identifier: Apache-2.0
"""Random quantized graphs all the way to RTL: golden on every bit, predictions on every cycle that is measured."""

from __future__ import annotations

import os
from fractions import Fraction
from itertools import count, islice
from pathlib import Path

import onnx
import pytest

from hwgen.pipeline import Source, compile_model
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.plan.plan import Plan as DesignPlan
from hwgen.targets import Target
from tests.acceptance.record import note
from tests.fuzz_graphs import Plan, build, shrink
from tests.harness import check_design

GRAPHS = int(os.environ.get("HWGEN_RTL_FUZZ", "8"))
SEEDS = range(1000, 1000 + GRAPHS)
MOST_ELEMENTS = 4200


def design(plan: Plan, folder: Path) -> DesignPlan | None:
    """The design of a fuzzed graph; None where it would take too long to simulate."""
    path = folder / "fuzz.onnx"
    onnx.save(build(plan), path)
    graph = compile_model(Source(path)).graph
    sizes = [node.type.size for node in graph if not node.is_constant]
    if not graph.outputs or sum(sizes) > MOST_ELEMENTS:
        return None
    goals = (Goal(), Goal(Fraction(100_000_000, 8 * max(64, 2 * max(sizes)))))
    return make_plan(graph, Target.named("generic"), goals[plan.seed % 2])


def failure(plan: Plan, folder: Path) -> str | None:
    """What is wrong with the design of a fuzzed graph, or None."""
    designed = design(plan, folder)
    try:
        if designed is not None:
            check_design(designed, frames=3)
    except AssertionError as error:
        return str(error)
    return None


def check(plan: Plan, folder: Path) -> None:
    """Fails with the smallest plan that fails in the same test."""
    found = failure(plan, folder)
    if found is not None:
        small = shrink(plan, lambda p: failure(p, folder) is not None)
        text = onnx.printer.to_text(build(small).graph)
        pytest.fail(f"{found}\nsmallest plan: {small}\n{text[:3000]}")


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_graph_becomes_rtl_that_equals_golden(seed: int, tmp_path: Path) -> None:
    check(Plan.random(seed), tmp_path)


@pytest.mark.parametrize("seed", SEEDS[:3])
def test_a_random_qoperator_graph_becomes_rtl_that_equals_golden(seed: int, tmp_path: Path) -> None:
    check(Plan.random(seed, dialect="qoperator"), tmp_path)


@pytest.mark.acceptance
@pytest.mark.parametrize("dialect", ["qdq", "mixed", "qoperator", "integer", "qonnx", "finn", "nemo"])
def test_thirty_random_graphs_become_rtl_that_equals_golden(dialect: str, tmp_path: Path) -> None:
    plans = (Plan.random(seed, dialect=dialect) for seed in count(1000))
    small_enough = islice((plan for plan in plans if design(plan, tmp_path) is not None), 30)
    seeds = []
    for plan in small_enough:
        check(plan, tmp_path)
        seeds.append(plan.seed)
    note("fuzz_rtl", dialect, {"designs": len(seeds), "left_out_as_too_large": seeds[-1] - 999 - len(seeds)})
