# SPDX-License-Identifier: Apache-2.0
"""Random graphs: golden against another engine, and optimized against golden. HWGEN_FUZZ sets how many (default 20)."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import onnx
import pytest

from hwgen.comparison.compare import Comparison
from hwgen.ir.evaluate import evaluate
from hwgen.kernels.threshold.op import Threshold
from hwgen.passes.optimize import optimize
from tests.acceptance.record import note
from tests.fuzz_graphs import Plan, build, shrink
from tests.models import QONNX_ENGINE, Pair

COUNT = int(os.environ.get("HWGEN_FUZZ", "20"))
SAMPLES = 8
KEPT = Path(__file__).parent / "fuzz_kept"
ENGINES = {
    "qdq": "onnxruntime",
    "mixed": "onnxruntime",
    "qoperator": "onnxruntime",
    "integer": "onnxruntime",
    "nemo": "onnxruntime",
    "qonnx": QONNX_ENGINE,
    "finn": QONNX_ENGINE,
}


def failure(plan: Plan) -> str | None:
    """What is wrong with the graph of a plan, or None."""
    return examine(plan)[0]


def examine(plan: Plan) -> tuple[str | None, Comparison]:
    """What is wrong with the graph of a plan, or None; and how its tensors compare with the other engine."""
    model = build(plan)
    found, result = compared(model, plan.dialect)
    if plan.dialect == "qdq" and plan.scales == "power" and result.different:
        found = f"power-of-two scales leave no room for differences: {[n for n in result.nodes if n.different]}"
    return found, result


def compared(model: onnx.ModelProto, dialect: str) -> tuple[str | None, Comparison]:
    """The same of any model."""
    onnx.checker.check_model(model)
    pair = Pair.of(model, ENGINES[dialect])
    result = pair.compare(SAMPLES)
    return difference(dialect, model, result) or far_tie(pair, result) or change_by_passes(pair), result


def difference(dialect: str, model: onnx.ModelProto, result: Comparison) -> str | None:
    """What differs from the other engine and should not."""
    unexplained = [n for n in result.nodes if n.unexplained]
    if unexplained:
        return f"unexplained differences: {unexplained}"
    wrong = [n for n in result.nodes if n.different and not n.tensor.startswith("qlinearaveragepool")]
    if dialect == "qoperator" and wrong:
        return f"QOperators are equal bit for bit: {wrong}"
    inexact = any(node.op_type == "QLinearAveragePool" for node in model.graph.node)
    if dialect == "qoperator" and not inexact and any(e.different for e in result.ends):
        return f"QOperators are equal from end to end: {result.ends}"
    return None


def far_tie(pair: Pair, result: Comparison) -> str | None:
    """A tie lies between neighbours; those of a sign, -1 and 1, are two steps apart."""
    signs = {n.tensor for n in pair.graph if isinstance(n.op, Threshold) and values_of(n.op) == {-1, 1}}
    far = [n for n in result.nodes if n.max_lsb > (2 if n.tensor in signs else 1)]
    return f"differences of more than one step: {far}" if far else None


def values_of(op: Threshold) -> set[int]:
    return {value for staircase in op.steps for value in staircase.values}


def change_by_passes(pair: Pair) -> str | None:
    inputs = pair.inputs(3)
    values = pair.with_inputs(pair.oracle.codes(pair.quantized, pair.graph, inputs).codes, inputs)
    codes = {n.tensor: values[n.tensor] for n in pair.graph.inputs}
    before, after = evaluate(pair.graph, codes), evaluate(optimize(pair.graph), codes)
    return None if all(np.array_equal(before[k], after[k]) for k in before) else "a pass changed a bit"


def check(plan: Plan) -> Comparison:
    """Fails with the smallest plan that fails in the same test."""
    found, result = examine(plan)
    if found is not None:
        small = shrink(plan, lambda p: failure(p) is not None)
        text = onnx.printer.to_text(build(small))
        pytest.fail(f"{small}: {failure(small)}\n{text[:4000]}")
    return result


@pytest.mark.parametrize("seed", range(COUNT))
@pytest.mark.parametrize("dialect", ENGINES)
def test_random_graphs_equal_another_engine(seed, dialect):
    check(Plan.random(seed, dialect=dialect))


@pytest.mark.acceptance
@pytest.mark.parametrize("first", range(0, 300, 50))
@pytest.mark.parametrize("dialect", ENGINES)
def test_three_hundred_random_graphs_of_each_dialect_equal_another_engine(first, dialect):
    results = [check(Plan.random(seed, dialect=dialect)) for seed in range(first, first + 50)]
    pooled = {key: sum(getattr(r, key) for r in results) for key in ("compared", "different", "ties", "unexplained")}
    note(f"fuzz_{dialect}", f"{first:03}_to_{first + 49:03}", {**pooled, "max_lsb": max(r.max_lsb for r in results)})


REACHED = {
    "qdq": {"MatMul", "Split", "Softmax", "Sign", "13", "17", "19", "23", "float weights", "product"},
    "mixed": {"Softmax", "Split", "21", "25", "int2", "uint2", "int4", "uint4", "blocks", "product"},
    "qoperator": {"QLinearConv", "QGemm", "QLinearSoftmax", "product"},
    "integer": {"ConvInteger", "MatMulInteger", "int8", "uint8", "gain a channel"},
    "qonnx": {"Quant", "BipolarQuant", "Trunc", "Softmax", "Split", "product"},
}


@pytest.mark.parametrize("dialect", REACHED)
def test_the_random_graphs_reach_what_they_are_for(dialect):
    found = set().union(*(features(build(Plan.random(seed, dialect=dialect))) for seed in range(150)))
    assert REACHED[dialect] <= found, REACHED[dialect] - found


def features(model: onnx.ModelProto) -> set[str]:
    """Operators, opset, types of constants, and what else a graph has that not every graph has."""
    initializers = {i.name: i for i in model.graph.initializer}
    constants = set(initializers)
    found = {node.op_type for node in model.graph.node} | {str(model.opset_import[0].version)}
    found |= {onnx.TensorProto.DataType.Name(i.data_type).lower() for i in initializers.values()}
    for node in model.graph.node:
        if constants.issuperset(node.input):
            constants.update(node.output)
        rows = [i for i in node.input if i in initializers and len(initializers[i].dims) > 1]
        products = {"MatMul": (0, 1), "QLinearMatMul": (0, 3)}.get(node.op_type, ())
        marks = {
            "product": products and not any(node.input[k] in constants for k in products),
            "float weights": node.op_type == "QuantizeLinear" and node.output[0] in constants,
            "blocks": any(a.name == "block_size" for a in node.attribute),
            "gain a channel": node.op_type == "Mul" and rows,
        }
        found |= {name for name, there in marks.items() if there}
    return found


@pytest.mark.parametrize("file", sorted(KEPT.glob("*.txt")), ids=lambda file: file.stem)
def test_what_was_found_before_stays_mended(file):
    """Graphs as a failing test printed them; each was seen to fail before its mistake was mended."""
    found = compared(onnx.parser.parse_model(file.read_text()), file.suffixes[0].removeprefix("."))
    assert found[0] is None


def test_shrinking_keeps_only_what_the_failure_needs():
    plan = Plan("vector", "random", 0, (1, 2, 3, 4, 5))
    assert shrink(plan, lambda p: 3 in p.steps).steps == (3,)
