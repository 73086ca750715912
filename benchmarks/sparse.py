# SPDX-License-Identifier: Apache-2.0
"""Arrays that skip weights of zero, beside dense ones with as many multipliers, or as fast without any."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from benchmarks.measure import measure
from benchmarks.mvu import INT8
from benchmarks.row import Row
from hwgen.ir.graph import Node
from hwgen.ir.leaves import Constant, Input
from hwgen.ir.op import TensorType
from hwgen.ir.order import Order
from hwgen.kernels.base import Folding
from hwgen.kernels.catalog import kernel_of
from hwgen.kernels.matmul.folding_compressed import CompressedFolding
from hwgen.kernels.matmul.folding_dense import DenseFolding
from hwgen.kernels.matmul.folding_sparse import SparseFolding
from hwgen.kernels.matmul.op import MatMul
from hwgen.targets import Target

NAMES = {
    "pattern": "weights", "family": "family", "multiplier": "multiplier", "cycles": "cycles", "dense_cycles": "dense",
    "luts": "LUT", "dense_luts": "dense", "weight_bits": "weight bits", "dense_weight_bits": "dense", "exact": "exact",
}  # fmt: skip


@dataclass(frozen=True)
class SparseRow:
    """A sparse array and the dense one that it stands for. cycles: a vector, as simulated; luts: LUT cells, or COMB of
    ECP5; weight_bits: of the memories of weights, positions included."""

    COLUMNS: ClassVar[Mapping[str, str]] = NAMES
    pattern: str
    family: str
    multiplier: str
    cycles: int | None
    dense_cycles: int | None
    luts: int | None
    dense_luts: int | None
    weight_bits: int
    dense_weight_bits: int
    exact: bool
    peer: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Case(NamedTuple):
    """Weights of `shape` (outputs, inputs) in a pattern; folding: the sparse array; dense: what it is held against."""

    pattern: str
    target: str
    shape: tuple[int, int]
    folding: Folding
    dense: Folding


def _pair(kept: int, window: int, target: str, simd: int, dense_simd: int, multiplier: str) -> Case:
    sparse = SparseFolding.of(8, simd, window, kept, 1, "block", multiplier)
    return Case(f"{kept}:{window}", target, (64, 64), sparse, DenseFolding.of(1, 8, dense_simd, "block", multiplier))


def _list(sparsity: int, distance_bits: int) -> Case:
    lists = CompressedFolding.of(8, 1, 1, 1, distance_bits, "block")
    return Case(f"{sparsity} % zeros anywhere", "ecp5-85k", (1024, 1024), lists, DenseFolding.of(1, 8, 1, "block"))


CASES = (
    *(_pair(2, 4, target, 16, 8, "dsp") for target in ("ecp5-85k", "xcup")),
    *(_pair(2, 8, target, 32, 8, "dsp") for target in ("ecp5-85k", "xcup")),
    *(_pair(2, 4, target, 8, 8, "fabric") for target in ("ecp5-85k", "xcup")),
    *(_pair(2, 8, target, 8, 8, "fabric") for target in ("ecp5-85k", "xcup")),
    Case(
        "dense on the 2:4 array", "ecp5-85k", (64, 64), SparseFolding.of(8, 16, 4, 2, 1, "block"),
        DenseFolding.of(1, 8, 8, "block"),
    ),
    Case(
        "75 % zero blocks of 16 x 16", "ecp5-85k", (256, 256), CompressedFolding.of(16, 16, 16, 1, 5, "block", "fabric"),
        DenseFolding.of(1, 16, 16, "block", "fabric"),
    ),
    _list(80, 4),
    _list(90, 5),
    _list(95, 6),
)  # fmt: skip


def weights_of_pattern(pattern: str, shape: tuple[int, int], seed: int = 0) -> np.ndarray:
    """Random 8-bit weights, none of them zero but those of the pattern."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(1, 128, shape) * rng.choice([-1, 1], shape)
    first, *_ = pattern.split()
    if ":" in first:
        kept, window = (int(n) for n in first.split(":"))
        order = rng.permuted(np.broadcast_to(np.arange(window), (shape[0], shape[1] // window, window)), axis=2)
        return np.where(order.reshape(shape) < kept, weights, 0)
    if "blocks" in pattern:
        blocks = np.arange(shape[0] * shape[1] // 256) % 4 == 0
        keep = rng.permuted(blocks).reshape(shape[0] // 16, shape[1] // 16)
        return np.where(np.repeat(np.repeat(keep, 16, axis=0), 16, axis=1), weights, 0)
    if "anywhere" in pattern:
        return np.where(rng.random(shape) < 1 - int(first) / 100, weights, 0)
    return weights


def sparse(seeds: Sequence[int], wanted: str = "") -> Iterator[SparseRow]:
    """A row for each case whose pattern or target contains `wanted`; nothing is placed."""
    for case in CASES:
        if wanted not in f"{case.pattern}, {case.target}":
            continue
        weights = weights_of_pattern(case.pattern, case.shape)
        source = Node(Input(TensorType((1, case.shape[1]), INT8)), (), "x")
        node = Node(MatMul(1), (source, Node(Constant(weights), (), "w")), "matmul")
        small = weights.size <= 1 << 16
        ours = _measured(node, case.folding, case.target)
        dense = _measured(node, case.dense, case.target) if small else None
        yield SparseRow(
            case.pattern,
            Target.named(case.target).family.name,
            str(getattr(case.folding, "multiplier", "")),
            ours.initiation_interval,
            dense.initiation_interval if dense else kernel_of(node).cycles(node, case.dense).worst,
            ours.comb or ours.luts,
            (dense.comb or dense.luts) if dense else None,
            _weight_bits(node, case.folding),
            _weight_bits(node, case.dense),
            bool(ours.exact and (dense is None or dense.exact)),
            {},
        )


def _measured(node: Node, folding: Folding, target: str) -> Row:
    return measure("sparse", node, folding, Target.named(target), 100, (), {})


def _weight_bits(node: Node, folding: Folding) -> int:
    """Of all memories with contents: weights, positions and distances."""
    kernel = kernel_of(node)
    (taken,), _ = kernel.orders(node, folding, (Order.row_major(node.src[0].type.shape),))
    images = kernel.program(node, folding, kernel.spec(node, folding), (taken,))
    return sum(image.depth * image.width for image in images.values())
