# SPDX-License-Identifier: Apache-2.0
"""Requantize nodes for the tests of this folder."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.leaves import Input
from hwgen.ir.op import TensorType
from hwgen.kernels.requantize.op import Requantize
from hwgen.numerics.range import IntRange
from hwgen.numerics.requantizer import Dialect
from hwgen.numerics.rounding_mode import Rounding

INT8 = IntRange(-128, 127)


def requantize(
    ratio: tuple[Fraction, ...],
    offset: tuple[Fraction, ...] = (Fraction(0),),
    *,
    x: IntRange = IntRange(-3000, 2500),
    out: IntRange = INT8,
    zero_point: int = 0,
    dialect: Dialect = "real",
    shape: tuple[int, ...] = (1, 6, 4, 4),
    axis: int = 1,
    rounding: Rounding = "half_even",
) -> Node:
    source = Node(Input(TensorType(shape, x)), (), "x")
    return Node(Requantize(ratio, offset, zero_point, dialect, out, axis, rounding), (source,), "requantize")


def layer(channels: int = 6, steps: float = 20.0, seed: int = 0, falling: bool = True, **options: object) -> Node:
    """Random float32 ratios of about 1/steps per channel, some of them negative, and random offsets."""
    rng = random.Random(seed)
    signs = (1, 1, -1) if falling else (1,)
    ratio = tuple(
        Fraction(float(np.float32(rng.choice(signs) * rng.uniform(0.6, 1.6) / steps))) for _ in range(channels)
    )
    offset = tuple(Fraction(rng.randint(-300, 300), 7) for _ in range(channels))
    return requantize(ratio, offset, **options)  # type: ignore[arg-type]


def powers_of_two(zero_point: int = 0, falling: bool = False, **options: object) -> Node:
    """Ratios whose exact ties no plain shift gets right."""
    ratio = tuple(Fraction(-1 if falling and n == 8 else 1, n) for n in (16, 32, 64, 8, 16, 32))
    return requantize(ratio, zero_point=zero_point, **options)  # type: ignore[arg-type]
