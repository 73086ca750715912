# SPDX-License-Identifier: Apache-2.0
"""LayerNorm nodes with random gains and biases."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.layer_norm.op import MOST_ERROR, LayerNorm, RealNorm
from hwgen.numerics.range import IntRange

BYTE, SIGNED = IntRange(0, 255), IntRange(-128, 127)
SCALE, ZERO = Fraction(float(np.float32(0.05))), -3
STEP = Fraction(float(np.float32(0.033)))
EPSILON = Fraction(float(np.float32(1e-5)))


def affine(row: int, seed: int = 0) -> tuple[list[Fraction], list[Fraction]]:
    """Gains and biases of a row, in steps of the result."""
    rng = np.random.default_rng(seed + row)
    gamma, beta = rng.normal(1, 0.25, row), rng.normal(0, 0.4, row)
    return tuple([Fraction(float(np.float32(v))) / STEP for v in values] for values in (gamma, beta))  # type: ignore[return-value]


def node(
    shape: tuple[int, ...] = (2, 12),
    axis: int = 1,
    centered: bool = True,
    x: IntRange = SIGNED,
    out: IntRange = SIGNED,
    zero: int = 5,
    error: Fraction = MOST_ERROR,
    uniform: bool = False,
    epsilon: Fraction = EPSILON,
    x_zero: int = ZERO,
) -> Node:
    gains, biases = affine(shape[axis])
    if uniform:
        gains, biases = gains[:1], [Fraction(0)]
    kind = TensorType(shape, x)
    real = RealNorm(axis, centered, SCALE, x_zero, epsilon, gains, biases)
    op = LayerNorm.of_reals(kind, real, zero, out, error)
    return Node(op, (Node(Input(kind), (), "x"),), "norm")
