# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.ir.text import graph_text, node_text
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange
from tests.models import DENSE, lowered


def test_every_node_and_output_has_a_line():
    graph = lowered(DENSE)
    assert len(graph_text(graph).splitlines()) == len(graph.nodes) + len(graph.outputs)


def test_long_lists_and_long_fractions_are_shortened():
    x = Node(Input(TensorType((1, 8), IntRange(0, 99))), (), "x")
    ratio = tuple(Fraction(k + 1, 3**20) for k in range(8))
    node = Node(Requantize(ratio, (Fraction(1, 3),), 0, "real", IntRange(0, 9)), (x,), "y")
    assert node_text(node) == (
        "y = Requantize(x) ratio=(2.86797e-10,..8..,2.29438e-09) offset=(1/3) zero_point=0 dialect='real' out=[0,9] axis=1"
        " rounding='half_even'"
        " : 1x8 [0, 0]"
    )
