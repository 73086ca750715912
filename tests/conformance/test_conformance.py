# SPDX-License-Identifier: Apache-2.0
"""The ONNX backend node tests: every one is right, or refused by name; docs/conformance.md says which."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from hwgen.emit.emit import emit
from hwgen.emit.stimulus import DEFAULT_SAMPLES, default_inputs
from hwgen.emit.vectors import make_vectors, ports_of
from hwgen.ir.evaluate import evaluate
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.rtl.build_top import build_top
from hwgen.targets import Target
from tests.conformance.carry import carry
from tests.conformance.cases import TITLES, Case, cases
from tests.conformance.outcome import Outcome, frames, outcome, read
from tests.conformance.page import write_page

pytestmark = pytest.mark.conformance
LEAST = {"quantized": 0.6, "integer": 0.5, "movement": 0.9, "pooling": 0.5}
"""Shares that have to pass: they only rise."""


@pytest.fixture(scope="module")
def outcomes() -> dict[str, Outcome]:
    return {name: outcome(case) for name, case in cases().items()}


@pytest.fixture(scope="module")
def simulated(outcomes: dict[str, Outcome]) -> Iterator[set[str]]:
    """Operators that were simulated; with the last of them the page is written."""
    found: set[str] = set()
    yield found
    if found == set(_samples(outcomes)):
        write_page(cases(), outcomes, found)


def test_no_test_gives_a_wrong_result(outcomes: dict[str, Outcome]) -> None:
    assert {name: o.reason for name, o in outcomes.items() if o.status == "wrong"} == {}


@pytest.mark.parametrize("group", TITLES)
def test_the_share_that_passes_does_not_fall(group: str, outcomes: dict[str, Outcome]) -> None:
    found = [outcomes[name].passed for name, case in cases().items() if case.group == group]
    assert np.mean(found) >= LEAST[group]


def _samples(outcomes: dict[str, Outcome]) -> dict[str, Case]:
    """Per operator the smallest golden test with 8-bit data: the one whose Verilog is simulated."""
    chosen: dict[str, Case] = {}
    for name, case in sorted(cases().items(), key=lambda item: sum(v.size for v in item[1].outputs.values())):
        if outcomes[name].status == "golden" and all(v.itemsize == 1 for v in carry(case).inputs.values()):
            chosen.setdefault(case.op, case)
    return chosen


def test_the_verilog_of_one_test_of_each_operator_gives_the_golden_values(
    outcomes: dict[str, Outcome], simulated: set[str], tmp_path: Path
) -> None:
    for op, case in _samples(outcomes).items():
        bundle = _bundle(case, tmp_path / case.name)
        command = [sys.executable, "bench/run.py", "--simulator", "icarus"]
        done = subprocess.run(command, cwd=bundle, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "PASS" in done.stdout, f"{case.name}: {done.stdout}{done.stderr}"
        simulated.add(op)


def _bundle(case: Case, folder: Path) -> Path:
    """The bundle of a test, with the test's own data as its first vectors."""
    carried = carry(case)
    known = read(carried, case.name)
    plan = make_plan(known.graph, Target.named("ecp5-85k"), Goal(Fraction(1000)))
    bundle = emit(case.name, plan, build_top(plan), {"host": {}, "host_operators": []})
    data = known.boundary.to_codes({name: frames(known, name, v) for name, v in carried.inputs.items()})
    more = default_inputs(known.graph, DEFAULT_SAMPLES, seed=0)
    codes = {node.name: np.concatenate([data[node.tensor], more[node.name]]) for node in known.graph.inputs}
    ports = ports_of(json.loads(bundle.files["manifest.json"]))
    vectors = make_vectors(ports, codes, evaluate(known.graph, codes))
    bundle.files.update({f"vectors/{path}": contents for path, contents in vectors.items()})
    return bundle.write(folder)
