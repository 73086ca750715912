# SPDX-License-Identifier: Apache-2.0
"""Graphs for the tests of passes, and the proof that a pass changes nothing."""

from __future__ import annotations

import numpy as np

from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph, Label, Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import Op, TensorType
from hwgen.ir.verify import verify
from hwgen.kernels.elementwise.op import Table
from hwgen.numerics.range import IntRange


def source(*shape: int, name: str = "x", lo: int = -128, hi: int = 127) -> Node:
    return Node(Input(TensorType(shape, IntRange(lo, hi))), (), name)


def chain(x: Node, *ops: Op) -> Node:
    """Nodes n1, n2, ... behind each other; each stands for an ONNX node of its own name in capitals."""
    node = x
    for k, op in enumerate(ops, 1):
        node = Node(op, (node,), f"n{k}", (f"N{k}",), f"t{k}")
    return node


def graph(*outputs: Node) -> Graph:
    named = {f"y{k}": node for k, node in enumerate(outputs)}
    inputs = tuple({id(n): n for n in Graph((), named).nodes if n.is_input}.values())
    return Graph(inputs, named, {name: Label() for name in named})


def table(function, lo: int = -128, hi: int = 127) -> Table:
    return Table(lo, tuple(function(x) for x in range(lo, hi + 1)), "f")


def ops(g: Graph) -> list[str]:
    return [n.op.name for n in g.nodes if not n.is_input and not n.is_constant]


def assert_equal_results(before: Graph, after: Graph, samples: int = 20) -> None:
    """Both graphs give the same for random inputs and for the extremes, and the second is sound."""
    verify(after)
    rng = np.random.default_rng(0)
    codes = {}
    for node in before.inputs:
        kind = node.type
        values = rng.integers(kind.range.lo, kind.range.hi + 1, (samples, *kind.shape))
        values[0], values[1] = kind.range.lo, kind.range.hi
        codes[node.name] = values
    first, second = evaluate(before, codes), evaluate(after, codes)
    assert first.keys() == second.keys()
    for name in first:
        assert np.array_equal(first[name], second[name])
