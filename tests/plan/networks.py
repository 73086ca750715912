# SPDX-License-Identifier: Apache-2.0
"""Small graphs for tests of the planner."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.add.op import Add
from hwgen.kernels.concat.op import Concat
from hwgen.kernels.matmul.op import MatMul
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.window.op import Window
from hwgen.numerics.range import IntRange

CODES = IntRange(-128, 127)


def conv(name: str, x: Node, outputs: int, seed: int = 0) -> Node:
    """A padded 3x3 convolution with a requantizer."""
    rng = np.random.default_rng(seed)
    columns = Node(Window((3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)), 0), (x,), f"{name}_window")
    weights = Node(Constant(rng.integers(-128, 128, (outputs, 9 * x.type.shape[1]))), (), f"{name}_weights")
    sums = Node(MatMul(1), (columns, weights), f"{name}_matmul")
    return Node(Requantize((Fraction(1, 301),), (Fraction(0),), 0, "real", CODES), (sums,), name)


def two_convs() -> Graph:
    """1x4x6x6 -> 8 channels -> 4 channels."""
    x = Node(Input(TensorType((1, 4, 6, 6), CODES)), (), "x")
    return Graph((x,), {"y": conv("second", conv("first", x, 8, 1), 4, 2)})


def residual() -> Graph:
    """x + conv(x): the skip has to hold what the convolution has not given back yet."""
    x = Node(Input(TensorType((1, 4, 6, 6), CODES)), (), "x")
    total = Add(Fraction(1, 2), Fraction(1, 3), Fraction(0), 0, CODES)
    return Graph((x,), {"y": Node(total, (conv("first", x, 4, 1), x), "y")})


def uneven_concat() -> Graph:
    """x with 4 channels beside conv(x) with 8: an order of one operand is none of the other."""
    x = Node(Input(TensorType((1, 4, 6, 6), CODES)), (), "x")
    return Graph((x,), {"y": Node(Concat(1), (conv("first", x, 8, 1), x), "y")})
