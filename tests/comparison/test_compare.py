# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from hwgen.comparison.compare import compare, top1_agreement
from hwgen.ir.graph import Graph, Node
from hwgen.kernels.elementwise.op import Table
from hwgen.kernels.requantize.op import Requantize
from tests.models import DENSE, Pair
from tests.onnx_frontend.lower.test_layers import CONV, CONV_WEIGHTS, PAIR, net

TWO_LAYERS = net(
    "1,4", "1,3",
    "v = DequantizeLinear(w, sw, zw)\n a = MatMul(d, v)\n a_q = QuantizeLinear(a, s2, z2)\n e = DequantizeLinear(a_q, s2, z2)\n"
    "u = DequantizeLinear(k, sw, zw)\n h = MatMul(e, u)",
    "int8[4,4] w={1,-20,3,40,50,-6,7,80,9,100,11,-120,13,14,-15,60}, int8[4,3] k={1,20,-3,40,5,60,7,-80,9,100,11,120}",
)  # fmt: skip


def broken(graph: Graph, name: str, offset: Fraction) -> Graph:
    """The same graph with one requantizer a little off."""

    def rule(node: Node) -> Node | None:
        if node.name != name or not isinstance(node.op, Requantize):
            return None
        return replace(node, op=replace(node.op, offset=tuple(o + offset for o in node.op.offset)))

    return graph.rewrite(rule)


def compared(pair: Pair, graph: Graph, samples: int = 64):
    values = pair.oracle.codes(pair.quantized, pair.graph, pair.inputs(samples))
    return compare(graph, values.codes, values.grids, values.before_rounding, values.magnitudes)


def test_a_correct_graph_has_no_difference_that_is_not_a_tie():
    result = compared(Pair.of(TWO_LAYERS), Pair.of(TWO_LAYERS).graph)
    assert [n.tensor for n in result.nodes] == ["a_q", "y_q"]
    assert (result.compared, result.unexplained) == (64 * 7, 0)
    assert result.top1 == {"y_q": 1.0}


def test_a_wrong_node_is_found_and_the_nodes_behind_it_are_not_blamed():
    pair = Pair.of(TWO_LAYERS)
    result = compared(pair, broken(pair.graph, "a", Fraction(1)))
    wrong, right = result.nodes
    assert wrong.unexplained > 200
    assert right.different == right.ties
    assert result.ends[0].different > 0


def test_a_small_error_is_no_tie():
    """An offset of a hundredth of a step flips about 1 % of the codes; float32 is a thousand times better than that."""
    pair = Pair.of(TWO_LAYERS)
    result = compared(pair, broken(pair.graph, "a", Fraction(1, 100)), 2000)
    assert result.nodes[0].unexplained > 20
    assert result.max_lsb == 1


def test_a_small_error_of_a_long_sum_is_no_tie():
    """A hundredth of a step is within 2304 * u times the magnitudes; the actual partial sums show that it is no tie."""
    rng = np.random.default_rng(0)
    weights = ",".join(map(str, rng.integers(-127, 128, 2304 * 4)))
    text = net("1,2304", "1,4", "v = DequantizeLinear(w, sw, zw)\n h = MatMul(d, v)", f"int8[2304,4] w={{{weights}}}")
    pair = Pair.of(text.replace("sy={0.25}", "sy={4}"))
    right = compared(pair, pair.graph, 2000)
    assert right.unexplained == 0
    wrong = compared(pair, broken(pair.graph, pair.graph.nodes[-1].name, Fraction(1, 100)), 2000)
    assert wrong.unexplained > wrong.different / 2 > 20


def test_decimal_scales_give_ties_and_they_are_certified():
    text = (
        net("1,4096", "1,4096", PAIR + "h = Add(d, e)")
        .replace("sx={0.0431}", "sx={0.02}")
        .replace("s2={0.0877}", "s2={0.02}")
    )
    text = (
        text.replace("r = Sigmoid(d)", "r = Neg(d)").replace("sy={0.25}", "sy={0.04}").replace("z2={131}", "z2={128}")
    )
    result = compared(Pair.of(text), Pair.of(text).graph, 4)
    assert result.different > 10
    assert result.unexplained == 0


def test_a_wrong_table_entry_is_no_tie():
    pair = Pair.of(net("1,500", "1,500", "h = Tanh(d)").replace("sy={0.25}", "sy={0.0081}"))

    def rule(node: Node) -> Node | None:
        if not isinstance(node.op, Table):
            return None
        values = list(node.op.values)
        values[100] += 1
        return replace(node, op=replace(node.op, values=tuple(values)))

    assert compared(pair, pair.graph).different == 0
    assert compared(pair, pair.graph.rewrite(rule)).unexplained > 10


def test_rounding_in_front_of_a_maximum_is_certified_through_it():
    body = CONV + "h = MaxPool<kernel_shape=[2,2]>(c)"
    text = net("1,2,9,9", "1,2,7,7", body, CONV_WEIGHTS)
    for name, value in (("sx", 0.02), ("sw", 0.01), ("sy", 0.04)):
        text = text.replace(f"{name}={{{ {'sx': 0.0431, 'sw': 0.0123, 'sy': 0.25}[name] }}}", f"{name}={{{value}}}")
    pair = Pair.of(text)
    result = compared(pair, pair.graph, 200)
    assert (result.different > 0, result.unexplained) == (True, 0)


def test_the_reference_evaluator_is_a_second_oracle():
    text = '<ir_version: 9, opset_import: ["" : 19]>' + DENSE
    result = compared(Pair.of(text, "reference"), Pair.of(text).graph)
    assert (result.compared, result.unexplained) == (128, 0)


@pytest.mark.parametrize(
    ("ours", "theirs", "share"),
    [([[1, 5, 2]], [[0, 9, 9]], 1.0), ([[1, 5, 2], [7, 0, 0]], [[0, 9, 1], [0, 1, 0]], 0.5)],
)
def test_top1_takes_the_first_of_equals(ours, theirs, share):
    assert top1_agreement(np.array(ours), np.array(theirs)) == share
