# SPDX-License-Identifier: Apache-2.0
"""Constant foldings of MatMul: the matrix itself as adders, a whole position each cycle."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil
from typing import ClassVar

import numpy as np

from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.ir.schedule import Process, Schedule
from hwgen.kernels.base import Folding, MemoryImage, UnitSpec
from hwgen.kernels.matmul.contraction import keeps_positions, plain_order, shape_of
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.numerics.adder_stages import AdderPipeline
from hwgen.numerics.find_adder_graph import find_adder_graph, least_depth, signed_digit_masks
from hwgen.numerics.range import IntRange
from hwgen.targets import Resources, Target

LEVELS = (1, 2)

SLACK = 1
"""Adders on the longest way beyond the fewest possible: one cycle more, for one adder in a hundred less."""

ADDER_END = Fraction(1, 2)
"""LUTs that an adder needs beyond its bits where carries go through pairs of LUT4; as many fewer with LUT6. Measured."""

MERGED_4, MERGED_6 = Fraction(116, 100), Fraction(102, 100)
"""What synthesis makes of two adders without a register between them, in parts of what they need apart. Measured."""

LUTS_A_DIGIT = 3
"""No device takes a constant matrix in fewer LUTs for each signed digit of its weights; larger ones are not offered."""


@dataclass(frozen=True)
class ConstantFolding(Folding):
    """One position a cycle: no multiplier, no weight memory; every product is a sum of shifted inputs.

    levels: adders between two registers.
    """

    form: ClassVar[str] = "constant"
    levels: int

    @classmethod
    def of(cls, node: Node, levels: int = 1) -> ConstantFolding:
        groups, outputs, inputs, _ = shape_of(node)
        return cls((groups * inputs,), groups * outputs, levels)


@dataclass(frozen=True)
class ConstantSpec(UnitSpec):
    """columns: the input of the pipeline that arrives on each lane."""

    pipeline: AdderPipeline
    columns: tuple[int, ...]
    out: IntRange


def foldings(node: Node, target: Target) -> tuple[ConstantFolding, ...]:
    """All pipelines, where the matrix is small enough for the target to hold it."""
    most = target.resources.luts if target.resources else 1 << 20
    plus, minus = signed_digit_masks(weights_of(node.src))
    if LUTS_A_DIGIT * int(np.bitwise_count(plus | minus).sum()) > most:
        return ()
    return tuple(ConstantFolding.of(node, levels) for levels in LEVELS)


def orders(node: Node, folding: ConstantFolding, given: tuple[Order, ...]) -> tuple[tuple[Order, ...], Order]:
    """Any order in which the contracted axis runs innermost: which lane is which input is a matter of wires."""
    op: MatMul = node.op  # type: ignore[assignment]
    shape, taken = node.src[0].type.shape, given[0]
    if taken.run_over(shape, op.axis) is None or not keeps_positions(taken, shape, op.axis):
        taken = plain_order(shape, op.axis)
    return (taken,), plain_order(node.type.shape, op.axis)


def spec(node: Node, folding: ConstantFolding) -> ConstantSpec:
    """For lanes in the order of the axis; `arrange` is for others."""
    x, matrix = node.src[0].type.range, block_diagonal(weights_of(node.src), shape_of(node)[0])
    graph = find_adder_graph(matrix, (x,) * matrix.shape[1], SLACK)
    pipeline = AdderPipeline(graph, x, folding.levels, stages(node, folding))
    return ConstantSpec(pipeline, tuple(range(graph.inputs)), node.type.range)


def stages(node: Node, folding: ConstantFolding) -> int:
    """Of the pipeline: known before its adders are, because their search keeps to a depth."""
    return -(-(least_depth(weights_of(node.src)) + SLACK) // folding.levels)


def arrange(node: Node, spec: ConstantSpec, taken: tuple[Order, ...]) -> ConstantSpec:
    """The spec for inputs that arrive in the order `taken`."""
    op: MatMul = node.op  # type: ignore[assignment]
    run = taken[0].run_over(node.src[0].type.shape, op.axis)
    assert run is not None, "orders() asks for the axis innermost"
    return replace(spec, columns=tuple(run.tolist()))


def block_diagonal(weights: np.ndarray, groups: int) -> np.ndarray:
    """The whole matrix of a grouped contraction: (M, K / groups) -> (M, K)."""
    outputs, inputs = weights.shape
    whole = np.zeros((outputs, groups, inputs), np.int64)
    whole[np.arange(outputs), np.arange(outputs) * groups // outputs] = weights
    return whole.reshape(outputs, groups * inputs)


def schedule(node: Node, folding: ConstantFolding) -> Schedule:
    position = Process.of_steps((np.array([True]),), np.array([True]))
    return Schedule(1 + stages(node, folding), (replace(position, turns=shape_of(node)[3]),))


def cycles(node: Node, folding: ConstantFolding) -> int:
    return shape_of(node)[3]


def area(node: Node, folding: ConstantFolding, target: Target) -> Resources:
    """The adders as the exact ranges make them, and the registers that keep their operands in step."""
    pipeline, wide = spec(node, folding).pipeline, target.family.lut_inputs >= 6
    bits = sum(pipeline.adder_bits) + (-ADDER_END if wide else ADDER_END) * len(pipeline.adder_bits)
    merged = Fraction(1) if folding.levels == 1 else MERGED_6 if wide else MERGED_4
    return Resources(luts=max(0, ceil(merged * bits)), ffs=pipeline.register_bits)


def program(
    node: Node, folding: ConstantFolding, spec: ConstantSpec, taken: tuple[Order, ...]
) -> dict[str, MemoryImage]:
    """Nothing: the weights are the circuit."""
    return {}
