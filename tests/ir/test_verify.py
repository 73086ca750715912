# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from hwgen.errors import InternalError
from hwgen.ir.graph import Graph, Label, Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.ir.verify import verify
from hwgen.kernels.view.op import Reshape, Transpose
from hwgen.numerics.range import IntRange
from tests.models import DENSE, lowered

X = Node(Input(TensorType((1, 6), IntRange(0, 3))), (), "x")


def graph(node: Node, inputs: tuple[Node, ...] = (X,)) -> Graph:
    return Graph(inputs, {"y": node}, {"y": Label()})


def test_a_lowered_graph_is_sound():
    good = lowered(DENSE)
    assert verify(good) is good


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (graph(Node(Reshape((1, 5)), (X,), "y")), "'y' has no type"),
        (graph(Node(Reshape((2, 3)), (X,), "Y-1")), "no name of an instance"),
        (graph(Node(Reshape((2, 3)), (X,), "x")), "two nodes are called 'x'"),
        (graph(Node(Reshape((2, 3)), (X,), "y"), ()), "'x' is no input of the graph"),
        (
            graph(Node(Transpose((1, 0)), (Node(Constant(np.ones((2, 3), int)), (), "c"),), "y")),
            "'y' computes a constant",
        ),
        (replace(graph(X), labels={}), "output 'y' has no label"),
        (Graph((X,), {}, {}), "no outputs"),
    ],
)
def test_what_is_broken_is_named(broken, word):
    with pytest.raises(InternalError, match=word):
        verify(broken)


def test_the_step_before_is_named():
    with pytest.raises(InternalError, match="a broken graph after merge_views: no outputs"):
        verify(Graph((X,), {}, {}), "merge_views")
