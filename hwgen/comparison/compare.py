# SPDX-License-Identifier: Apache-2.0
"""Golden against another engine, node by node: each node is fed the other engine's own inputs.

So a difference is counted where it arises, and never twice. A difference is a *certified tie* where the real value is
so close to a rounding tie that float32 arithmetic may fall on either side of it; the bound counts the roundings of
that very node (docs/numerics.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from hwgen.comparison.float32_bounds import Floats, code_interval, tight_interval
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph, Label, Node
from hwgen.numerics.rounding_mode import Rounding

FARTHEST = 8
"""Codes from which on a histogram counts all differences together."""


@dataclass(frozen=True)
class NodeComparison:
    """Counts over all compared elements of one ONNX tensor.

    ties: those of `different` that are certified ties. histogram: how many elements differ by how many codes, from 0 on,
    in its last entry those that differ by more.
    """

    name: str
    op: str
    tensor: str
    compared: int
    different: int
    ties: int
    max_lsb: int
    histogram: tuple[int, ...] = ()

    @property
    def unexplained(self) -> int:
        return self.different - self.ties

    def plus(self, other: NodeComparison) -> NodeComparison:
        return replace(
            self,
            compared=self.compared + other.compared,
            different=self.different + other.different,
            ties=self.ties + other.ties,
            max_lsb=max(self.max_lsb, other.max_lsb),
            histogram=tuple(a + b for a, b in zip(self.histogram, other.histogram, strict=True)),
        )


@dataclass(frozen=True)
class Comparison:
    """nodes: teacher-forced, in graph order. ends: golden end to end against the oracle, per output. top1: share of
    samples whose largest output is at the same place, per output."""

    nodes: tuple[NodeComparison, ...]
    ends: tuple[NodeComparison, ...]
    top1: dict[str, float]

    @property
    def compared(self) -> int:
        return sum(n.compared for n in self.nodes)

    @property
    def different(self) -> int:
        return sum(n.different for n in self.nodes)

    @property
    def ties(self) -> int:
        return sum(n.ties for n in self.nodes)

    @property
    def unexplained(self) -> int:
        return sum(n.unexplained for n in self.nodes)

    @property
    def max_lsb(self) -> int:
        return max((n.max_lsb for n in self.nodes), default=0)


def compare(
    graph: Graph,
    oracle: Mapping[str, np.ndarray],
    grids: Mapping[str, Label],
    before_rounding: Mapping[str, np.ndarray] | None = None,
    magnitudes: Mapping[str, float] | None = None,
    roundings: Mapping[str, tuple[Rounding, int]] | None = None,
) -> Comparison:
    """Compare every tensor of codes that both know.

    oracle: per ONNX tensor its codes ``(samples, *shape)``, the inputs of the graph among them.
    grids: what the codes of each ONNX tensor mean.
    before_rounding: per ONNX tensor of codes the oracle's float32 values in front of its QuantizeLinear.
    magnitudes: the largest numbers that occurred on the way to those, where constants may have cancelled.
    roundings: how those are rounded, where it is not half to even with the zero point added behind.
    """
    samples = len(oracle[graph.inputs[0].tensor])
    step = max(1, samples // 8)
    pieces = []
    for at in range(0, samples, step):
        part = {name: values[at : at + step] for name, values in oracle.items()}
        floats = {name: values[at : at + step] for name, values in (before_rounding or {}).items()}
        pieces.append(_forced(graph, part, grids, Floats(floats, magnitudes or {}, roundings or {})))
    nodes = tuple(_sum(found) for found in zip(*pieces, strict=True))
    codes = {n.tensor: oracle[n.tensor] for n in graph.inputs}
    golden = evaluate(graph, codes)
    known = {name: node for name, node in graph.outputs.items() if name in oracle}
    ends = tuple(_count(node, name, golden[name], oracle[name], None) for name, node in known.items())
    return Comparison(nodes, ends, {name: top1_agreement(golden[name], oracle[name]) for name in known})


def _sum(found: tuple[NodeComparison, ...]) -> NodeComparison:
    total = found[0]
    for piece in found[1:]:
        total = total.plus(piece)
    return total


def _forced(
    graph: Graph, oracle: Mapping[str, np.ndarray], grids: Mapping[str, Label], floats: Floats
) -> list[NodeComparison]:
    """Samples count up to the node where a code of the oracle leaves the range that exact arithmetic has: behind such a
    tie the graph is not asked for the same function any more."""
    values: dict[str, np.ndarray] = {}
    results = []
    usable = np.ones(len(oracle[graph.inputs[0].tensor]), bool)
    for node in graph.nodes:
        if node.is_input:
            values[node.name] = np.asarray(oracle[node.tensor]).astype(np.int64)
            continue
        values[node.name] = node.op.golden(*(values[s.name] for s in node.src))
        if not node.tensor or node.is_constant or node.tensor not in oracle:
            continue
        theirs = np.asarray(oracle[node.tensor]).astype(np.int64)
        results.append(_examine(node, values, theirs, grids, floats, usable))
        values[node.name] = np.clip(theirs, node.type.range.lo, node.type.range.hi)
        usable &= (values[node.name] == theirs).reshape(len(theirs), -1).all(axis=1)
    return results


def _examine(
    node: Node,
    values: Mapping[str, np.ndarray],
    theirs: np.ndarray,
    grids: Mapping[str, Label],
    floats: Floats,
    usable: np.ndarray,
) -> NodeComparison:
    ours = values[node.name]
    wrong = np.flatnonzero((ours != theirs).reshape(len(theirs), -1).any(axis=1) & usable)
    if not wrong.size:
        return _count(node, node.tensor, ours[usable], theirs[usable], None)
    some = {name: v[wrong] if len(v) == len(theirs) else v for name, v in values.items()}
    low, high = code_interval(node, some, grids, floats.of(node.tensor, wrong))
    both = (ours[wrong], theirs[wrong])
    certified = (np.minimum(*both) >= low) & (np.maximum(*both) <= high) & (both[0] != both[1])
    where = np.nonzero(certified)
    if len(where[0]) and (tight := tight_interval(node, some, grids, where)) is not None:
        ends = both[0][where], both[1][where]
        certified[where] = (np.minimum(*ends) >= tight[0]) & (np.maximum(*ends) <= tight[1])
    return _count(node, node.tensor, ours[usable], theirs[usable], certified)


def _count(
    node: Node, tensor: str, ours: np.ndarray, theirs: np.ndarray, certified: np.ndarray | None
) -> NodeComparison:
    distance = np.abs(ours.astype(np.int64) - theirs.astype(np.int64))
    ties = 0 if certified is None else int(certified.sum())
    worst, different = int(distance.max(initial=0)), int(np.count_nonzero(distance))
    histogram = np.bincount(np.minimum(distance, FARTHEST).ravel().astype(np.int64), minlength=FARTHEST + 1)
    counted = tuple(histogram.tolist())
    return NodeComparison(node.name, node.op.name, tensor, distance.size, different, ties, worst, counted)


def top1_agreement(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Share of samples whose largest element stands at the same place (the first of equals)."""
    a, b = (v.reshape(len(v), -1).argmax(axis=1) for v in (ours, theirs))
    return float((a == b).mean())
