# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.targets import Target
from tests.harness import check_design


def dense(name: str, x: Node, outputs: int, seed: int) -> Node:
    weights = np.random.default_rng(seed).integers(-3, 4, (outputs, x.type.shape[-1]))
    return Node(MatMul(len(x.type.shape) - 1), (x, Node(Constant(weights), (), f"{name}_w")), name)


def test_two_layers_with_a_fork_equal_golden_and_take_the_predicted_cycles() -> None:
    x = Node(Input(TensorType((1, 12), IntRange(-8, 7))), (), "x")
    hidden = dense("hidden", x, 6, 1)
    graph = Graph((x,), {"y": dense("y", hidden, 4, 2), "hidden": hidden})
    target = Target.named("ecp5-25k")
    for fps in (1_000, 1_000_000, 8_000_000):
        check_design(make_plan(graph, target, Goal(Fraction(fps))))
