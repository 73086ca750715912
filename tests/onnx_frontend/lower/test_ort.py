# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hwgen.ir.graph import Node
from hwgen.kernels.catalog import kernel_of, kernels_by_op
from hwgen.targets import Target
from tests.models import Pair, lowered

HEADER = '<ir_version: 8, opset_import: ["": 13, "com.microsoft": 1]>'
GRIDS = """float sx = {0.02}, uint8 zx = {7}, float s2 = {0.0312}, uint8 z2 = {100}, float sy = {0.045}, uint8 zy = {129},
 uint8[3,1,1] c = {9, 100, 255}, uint8 one = {33}"""


def net(body: str, a: str = "1,3,2,4", b: str = "1,3,2,4", y: str = "1,3,2,4") -> str:
    """Two inputs of codes and a body that gives y."""
    return f"{HEADER} g (uint8[{a}] a, uint8[{b}] b) => (uint8[{y}] y) <{GRIDS}> {{ {body} }}"


def pair(op: str, first: str = "a", second: str = "b") -> str:
    grids = {"a": "sx, zx", "b": "s2, z2", "c": "s2, z2", "one": "s2, z2"}
    return f"y = com.microsoft.{op}({first}, {grids[first]}, {second}, {grids[second]}, sy, zy)"


def equal_everywhere(text: str, samples: int = 300) -> None:
    result = Pair.of(text).compare(samples)
    assert result.compared >= samples
    assert result.different == 0


def result(text: str) -> Node:
    return lowered(text).outputs["y"]


def test_an_add_holds_its_zero_points_in_a_float32_offset():
    op = result(net(pair("QLinearAdd"))).op
    sx, sy = np.float32(0.02), np.float32(0.045)
    assert (op.dialect, op.zero_point, op.ratio_a) == ("ort", 0, Fraction(float(sx / sy)))
    equal_everywhere(net(pair("QLinearAdd")))


@pytest.mark.parametrize(
    "a, b, first",
    [
        ("1,3,2,4", "1,3,2,1", "a"),
        ("1,3,2,1", "1,3,2,4", "b"),
        ("1,3,1,1", "1,3,2,4", "b"),
        ("1,1,2,4", "1,3,2,4", "a"),
    ],
)
def test_the_operand_that_is_repeated_innermost_comes_last(a, b, first):
    text = net(pair("QLinearAdd"), a, b)
    source = result(text).src[0]
    while source.src:
        (source,) = source.src
    assert source.name == first
    equal_everywhere(text)


def test_a_product_is_rounded_with_its_zero_point():
    assert result(net(pair("QLinearMul"))).op.dialect == "ort_product"
    equal_everywhere(net(pair("QLinearMul")))


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
@pytest.mark.parametrize("first, second", [("a", "one"), ("one", "a"), ("a", "c"), ("c", "a"), ("a", "a")])
def test_a_constant_makes_a_function_of_one_tensor(op, first, second):
    text = net(pair(op, first, second)).replace(", uint8[1,3,2,4] b", "")
    assert result(text).op.name == ("Threshold" if "c" in (first, second) else "Table")
    equal_everywhere(text)


def test_a_constant_is_found_behind_a_transpose():
    body = f"t = Transpose<perm = [0, 1, 3, 2]>(a) {pair('QLinearMul', 'a', 'c').replace('(a,', '(t,')}"
    equal_everywhere(net(body, y="1,3,4,2").replace(", uint8[1,3,2,4] b", ""))


PADS = "int64[8] pads = {0,0,1,1,0,0,1,1}, uint8 pv = {7}, float[4] sizes = {1.0,1.0,2.0,2.0}"


@pytest.mark.parametrize(
    "body, y",
    [
        ("t = Pad(a, pads, pv)", "1,3,4,6"),
        ('t = Resize<mode = "nearest", nearest_mode = "floor", coordinate_transformation_mode = "asymmetric">(a,,sizes)', "1,3,4,8"),
        ("t = MaxPool<kernel_shape = [2, 2]>(a)", "1,3,1,3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("second", ["c", "one"])
def test_arithmetic_behind_an_operator_on_codes_starts_from_its_codes(body, y, second):
    text = net(f"{body} {pair('QLinearMul', 'a', second).replace('(a,', '(t,')}", y=y)
    equal_everywhere(text.replace(", uint8[1,3,2,4] b", "").replace(GRIDS, f"{GRIDS}, {PADS}"))


def test_a_window_average_rounds_with_its_zero_point_and_a_global_one_as_onnxruntime():
    window = "y = com.microsoft.QLinearAveragePool<kernel_shape = [2, 2], strides = [2, 2]>(a, sx, zx, sx, zy)"
    op = result(net(window, y="1,3,1,2")).op
    assert (op.dialect, op.zero_point, op.offset) == ("real", 0, (Fraction(129 - 7),))
    whole = "y = com.microsoft.QLinearGlobalAveragePool<channels_last = 0>(a, sx, zx, sy, zy)"
    assert _requantize(net(whole, y="1,3,1,1")).dialect == "ort"
    equal_everywhere(net(whole, y="1,3,1,1"))


def _requantize(text: str):
    return next(n.op for n in lowered(text).nodes if n.op.name == "Requantize")


def test_every_node_of_dialect_ort_has_a_proven_form_in_hardware():
    constant = net(pair("QLinearAdd", "a", "c")).replace(", uint8[1,3,2,4] b", "")
    graphs = [lowered(text) for text in (net(pair("QLinearAdd")), net(pair("QLinearMul")), constant)]
    target = Target.named("ecp5-85k")
    proven = [n for graph in graphs for n in graph.nodes if hasattr(kernels_by_op().get(type(n.op)), "proof")]
    assert {n.op.name for n in proven} >= {"Requantize", "Add", "Threshold"}
    for node in proven:
        kernel = kernel_of(node)
        assert kernel.proof(node, kernel.foldings(node, target)[0])["points"] > 0


@pytest.mark.parametrize("grid, scale", [("uint8", 0.00390625), ("int8", 0.0037), ("uint8", 0.00365)])
def test_a_softmax_of_codes_has_a_whole_number_of_steps_from_0_to_1(grid, scale):
    zero = -128 if grid == "int8" else 0
    text = f"""{HEADER} g ({grid}[1,7,33] a) => ({grid}[1,7,33] y)
      <float sx = {{0.1}}, {grid} zx = {{{zero + 100}}}, float sy = {{{scale}}}, {grid} zy = {{{zero}}}>
      {{ y = com.microsoft.QLinearSoftmax<axis = -1, opset = 13>(a, sx, zx, sy, zy) }}"""
    equal_everywhere(text)
