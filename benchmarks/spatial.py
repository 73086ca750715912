# SPDX-License-Identifier: Apache-2.0
"""Constant matrices as adders, a new vector in every cycle, beside da4ml in the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from benchmarks.measure import measure
from benchmarks.mvu import INT4, INT8, node_of
from benchmarks.peers.da4ml import constant_matrix
from benchmarks.row import Row
from hwgen.kernels.matmul.folding_constant import ConstantFolding
from hwgen.kernels.matmul.op import weights_of
from hwgen.numerics.range import IntRange
from hwgen.targets import Target


class Case(NamedTuple):
    """A matrix of `shape` (outputs, inputs); weights: lowest and highest; levels: adders between registers, for both."""

    name: str
    target: str
    shape: tuple[int, int]
    weights: tuple[int, int]
    x: IntRange
    levels: int
    clock_mhz: float


SMALL = (16, 64), (-8, 7), INT4
LARGE = (32, 64), (-128, 127), INT8

CASES = (
    Case("16 x 64, 4 bits", "xcup", *SMALL, 1, 250),
    Case("16 x 64, 4 bits", "xcup", *SMALL, 2, 250),
    Case("16 x 64, 4 bits", "ecp5-85k", *SMALL, 1, 200),
    Case("16 x 64, 4 bits", "ecp5-85k", *SMALL, 2, 125),
    Case("32 x 64, 8 bits", "xcup", *LARGE, 1, 250),
)


def spatial(seeds: Sequence[int], wanted: str = "") -> Iterator[Row]:
    """Uniformly random matrices. Only the adders and their registers are counted: the peer's core has no handshake."""
    for case in CASES:
        label = f"{case.name}, {case.target}"
        if wanted in label:
            target, node = Target.named(case.target), node_of(case.weights, case.x, case.shape)
            peer = constant_matrix(weights_of(node.src), case.x, case.levels, target, case.clock_mhz, seeds)
            name = f"spatial {case.name}, {case.levels} adder{'s' * (case.levels > 1)} between registers"
            folding = ConstantFolding.of(node, case.levels)
            yield measure(name, node, folding, target, case.clock_mhz, seeds, peer, unit_alone=True)
