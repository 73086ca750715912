# SPDX-License-Identifier: Apache-2.0
"""Random graphs: golden against another engine, and optimized against golden. HWGEN_FUZZ sets how many (default 20)."""

from __future__ import annotations

import os

import numpy as np
import onnx
import pytest

from hwgen.ir.evaluate import evaluate
from hwgen.passes.optimize import optimize
from tests.fuzz_graphs import Plan, build, shrink
from tests.models import QONNX_ENGINE, Pair

COUNT = int(os.environ.get("HWGEN_FUZZ", "20"))
SAMPLES = 8
ENGINES = {"qdq": "onnxruntime", "mixed": "onnxruntime", "qoperator": "onnxruntime", "qonnx": QONNX_ENGINE}


def failure(plan: Plan) -> str | None:
    """What is wrong with the graph of a plan, or None."""
    model = build(plan)
    onnx.checker.check_model(model)
    pair = Pair.of(model, ENGINES[plan.dialect])
    result = pair.compare(SAMPLES)
    unexplained = [n for n in result.nodes if n.unexplained]
    if unexplained:
        return f"unexplained differences: {unexplained}"
    wrong = [n for n in result.nodes if n.different and not n.tensor.startswith("qlinearaveragepool")]
    if plan.dialect == "qoperator" and wrong:
        return f"QOperators are equal bit for bit: {wrong}"
    inexact = any(node.op_type == "QLinearAveragePool" for node in model.graph.node)
    if plan.dialect == "qoperator" and not inexact and any(e.different for e in result.ends):
        return f"QOperators are equal from end to end: {result.ends}"
    if plan.dialect == "qdq" and plan.scales == "power" and result.different:
        return f"power-of-two scales leave no room for differences: {[n for n in result.nodes if n.different]}"
    values = pair.oracle.codes(pair.quantized, pair.graph, pair.inputs(3)).codes
    codes = {n.tensor: values[n.tensor] for n in pair.graph.inputs}
    before, after = evaluate(pair.graph, codes), evaluate(optimize(pair.graph), codes)
    return None if all(np.array_equal(before[k], after[k]) for k in before) else "a pass changed a bit"


@pytest.mark.parametrize("dialect", ENGINES)
@pytest.mark.parametrize("seed", range(COUNT))
def test_random_graphs_equal_another_engine(seed, dialect):
    plan = Plan.random(seed, dialect=dialect)
    if failure(plan) is not None:
        small = shrink(plan, lambda p: failure(p) is not None)
        pytest.fail(f"{small}: {failure(small)}")


def test_shrinking_keeps_only_what_the_failure_needs():
    plan = Plan("vector", "random", 0, (1, 2, 3, 4, 5))
    assert shrink(plan, lambda p: 3 in p.steps).steps == (3,)
