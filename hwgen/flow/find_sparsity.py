# SPDX-License-Identifier: Apache-2.0
"""Which zeros the weights of a graph have, and what each way to skip them would save.

Zeros are integers of the graph: a weight counts as zero where the stored code is its zero point, whatever a scale says.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.kernels.matmul.op import MatMul, weights_of
from hwgen.kernels.window.op import Window

WINDOWS = (4, 8, 16)
BLOCKS = (16, 8, 4)
LEAST_SAVING = Fraction(1, 8)


@dataclass(frozen=True)
class Saving:
    """pattern: "2:4", "block 16x16", "unstructured" or "equal rows". cycles: multiplications that are left, as a part of
    all at equal multipliers; bits: of the weight memory with its positions, likewise."""

    pattern: str
    cycles: Fraction
    bits: Fraction


@dataclass(frozen=True)
class WeightSparsity:
    """The weights of one matrix product. savings: patterns that leave out at least an eighth, the best of each kind."""

    node: str
    weights: int
    zeros: int
    savings: tuple[Saving, ...]


def find_sparsity(graph: Graph) -> tuple[WeightSparsity, ...]:
    """Every matrix product with constant weights, in topological order."""
    return tuple(_classify(node) for node in graph if isinstance(node.op, MatMul) and node.src[1].is_constant)


def _classify(node: Node) -> WeightSparsity:
    weights = weights_of(node.src)
    source = node.src[0].op
    taps = source.taps if isinstance(source, Window) else 1
    kept = (weights != 0).reshape(len(weights), -1, taps).transpose(0, 2, 1)
    found = [_windows(kept, weights), _blocks(kept), _single(kept, weights), _equal_rows(weights)]
    savings = tuple(s for s in found if s is not None and s.cycles <= 1 - LEAST_SAVING)
    name = node.origin[0] if node.origin else node.name
    return WeightSparsity(name, weights.size, int(weights.size - kept.sum()), savings)


def _bits(weights: np.ndarray) -> int:
    return max(1, int(np.abs(weights).max(initial=0)).bit_length() + 1)


def _windows(kept: np.ndarray, weights: np.ndarray) -> Saving | None:
    """The N:M pattern among neighbouring channels of a tap that leaves the fewest."""
    found = []
    for window in WINDOWS:
        if kept.shape[2] % window == 0:
            most = max(1, int(kept.reshape(*kept.shape[:2], -1, window).sum(axis=3).max()))
            positions, bits = (window - 1).bit_length(), _bits(weights)
            part = Fraction(most, window)
            found.append(Saving(f"{most}:{window}", part, part * Fraction(bits + positions, bits)))
    return min(found, key=lambda s: (s.cycles, s.bits), default=None)


def _blocks(kept: np.ndarray) -> Saving | None:
    """Square blocks of outputs by channels that are zero as a whole; no positions but one of each block that is left."""
    found = []
    outputs, taps, channels = kept.shape
    for size in BLOCKS:
        if outputs % size == 0 and channels % size == 0:
            blocks = kept.reshape(outputs // size, size, taps, channels // size, size).any(axis=(1, 4))
            part = Fraction(int(blocks.sum()), blocks.size)
            found.append(Saving(f"block {size}x{size}", part, part))
    return min(found, key=lambda s: s.cycles, default=None)


def _single(kept: np.ndarray, weights: np.ndarray) -> Saving:
    """Every zero by itself; the position of a weight is the distance to the one before, in four bits."""
    part, bits = Fraction(int(kept.sum()), kept.size), _bits(weights)
    return Saving("unstructured", part, part * Fraction(bits + 4, bits))


def _equal_rows(weights: np.ndarray) -> Saving:
    """Outputs with the same weights as another one are computed once."""
    part = Fraction(len(np.unique(weights, axis=0)), len(weights))
    return Saving("equal rows", part, part)
