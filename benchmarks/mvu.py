# SPDX-License-Identifier: Apache-2.0
"""Matrix times vector, folded: 64 x 64 weights, 8 x 8 products a clock, weights in the core."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import measure
from benchmarks.peers.finn_library import FINN_MVU
from benchmarks.row import Row
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.kernels.base import Folding
from hwgen.kernels.matmul.folding_cascade import CascadeFolding
from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.op import MatMul
from hwgen.numerics.range import IntRange
from hwgen.targets import Target

SIZE, LANES = 64, 8


class Case(NamedTuple):
    """A unit to measure. weights: lowest and highest, or all that occur; clock_mhz: what placing aims at."""

    name: str
    target: str
    weights: tuple[int, ...]
    x: IntRange
    folding: Folding
    clock_mhz: float


INT8, INT4 = IntRange(-128, 127), IntRange(-8, 7)


def _dense(memory: str, multiplier: str) -> DenseFolding:
    return DenseFolding.of(1, LANES, LANES, memory, multiplier)


def _cascade(products: int, memory: str) -> CascadeFolding:
    return CascadeFolding.of(1, LANES, LANES, products, LANES, memory)


CASES = (
    Case("8x8", "ecp5-85k", (-128, 127), INT8, _dense("block", "dsp"), 150),
    Case("4x4", "ecp5-85k", (-8, 7), INT4, _dense("block", "packed"), 180),
    Case("4x4, no DSP", "ecp5-85k", (-8, 7), INT4, _dense("block", "fabric"), 130),
    Case("8x8", "xcup", (-128, 127), INT8, _cascade(2, "block"), 250),
    Case("8x8, weights in LUTs", "xcup", (-128, 127), INT8, _cascade(2, "logic"), 250),
    Case("8x8, one product a DSP, added up in LUTs", "xcup", (-128, 127), INT8, _dense("block", "dsp"), 250),
    Case("4x4", "xcup", (-8, 7), INT4, _cascade(3, "block"), 250),
    Case("4x4, weights in LUTs", "xcup", (-8, 7), INT4, _cascade(3, "logic"), 250),
    Case("4x4, no DSP", "xcup", (-8, 7), INT4, _dense("block", "fabric"), 250),
    Case("binary", "xcup", (-1, 1), IntRange(0, 1), _dense("logic", "fabric"), 250),
    Case("ternary x int8", "xcup", (-1, 0, 1), INT8, _dense("block", "fabric"), 250),
)


def node_of(weights: tuple[int, ...], x: IntRange, shape: tuple[int, int] = (SIZE, SIZE), seed: int = 0) -> Node:
    """A MatMul with random weights of the values given, or of all between two of them."""
    lowest, highest = min(weights), max(weights)
    values = np.arange(lowest, highest + 1) if highest - lowest > 2 else np.array(weights)
    drawn = np.random.default_rng(seed).choice(values, shape)
    drawn.flat[: len(weights)] = weights
    source = Node(Input(TensorType((1, shape[1]), x)), (), "x")
    return Node(MatMul(1), (source, Node(Constant(drawn), (), "w")), "matmul")


def mvu(seeds: Sequence[int], wanted: str = "") -> Iterator[Row]:
    """A row for each case whose name or target contains `wanted`."""
    for case in CASES:
        label = f"{case.name}, {case.target}"
        if wanted in label:
            target = Target.named(case.target)
            peer: Mapping[str, Any] = FINN_MVU.get((target.family.name, case.name), {})
            yield measure(
                f"mvu {case.name}", node_of(case.weights, case.x), case.folding, target, case.clock_mhz, seeds, peer
            )
