# SPDX-License-Identifier: Apache-2.0
"""The golden result of a whole graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from hwgen.ir.graph import Graph, Node
from hwgen.ir.op import TensorType

CHUNK_BYTES = 1 << 21

Tap = Callable[[Node, int, np.ndarray], None]


def evaluate(
    graph: Graph, codes: Mapping[str, np.ndarray], taps: Collection[str] = (), tap: Tap | None = None
) -> dict[str, np.ndarray]:
    """Output codes per output name, each of shape ``(samples, *shape)``.

    codes: per input, by node name or by ONNX tensor name, integers of shape ``(samples, *shape)``.
    taps: names of nodes whose values are returned as well, under their node names.
    tap: called as ``tap(node, first_sample, values)`` with every value, in pieces (see `hwgen.ir.tap`).
    Samples are computed in pieces that fit into a cache, and no value outlives its last reader.
    """
    feeds = [_feed(node, codes) for node in graph.inputs]
    samples = {len(f) for f in feeds}
    if len(samples) != 1:
        raise ValueError(f"inputs with different numbers of samples: {sorted(samples)}")
    total = samples.pop()
    wanted = {**{name: graph[name] for name in taps}, **graph.outputs}
    step = _samples_a_piece(graph)
    pieces = [_run(graph, [f[at : at + step] for f in feeds], wanted, at, tap) for at in range(0, total, step)]
    return {name: np.concatenate([p[name] for p in pieces]) for name in wanted}


def _feed(node: Node, codes: Mapping[str, np.ndarray]) -> np.ndarray:
    key = node.name if node.name in codes else node.tensor
    if key not in codes:
        raise ValueError(f"no codes for input '{node.name}'")
    values, expected = np.asarray(codes[key]), node.type
    if values.shape[1:] != expected.shape or not np.issubdtype(values.dtype, np.integer):
        raise ValueError(
            f"input '{node.name}' needs integers of shape (samples, {expected}), not {values.dtype} {values.shape}"
        )
    if values.size and (values.min() < expected.range.lo or values.max() > expected.range.hi):
        raise ValueError(f"input '{node.name}' has codes outside of {expected.range}")
    return values.astype(expected.range.dtype, copy=False)


def _samples_a_piece(graph: Graph) -> int:
    largest = max((_bytes(n.type) for n in graph.nodes if not n.is_constant), default=1)
    return max(1, CHUNK_BYTES // largest)


def _bytes(kind: TensorType) -> int:
    return kind.size * kind.range.dtype.itemsize


def _run(
    graph: Graph, feeds: list[np.ndarray], wanted: Mapping[str, Node], first: int, tap: Tap | None
) -> dict[str, np.ndarray]:
    last_reader = {id(source): node for node in graph.nodes for source in node.src}
    kept = {id(node) for node in wanted.values()}
    values: dict[int, np.ndarray] = {id(n): f for n, f in zip(graph.inputs, feeds, strict=True)}
    for node in graph.nodes:
        if not node.is_input:
            result = node.op.golden(*(values[id(s)] for s in node.src))
            values[id(node)] = result.astype(node.type.range.dtype, copy=False)
        if tap is not None and not node.is_constant:
            tap(node, first, values[id(node)])
        for source in set(node.src):
            if last_reader[id(source)] is node and id(source) not in kept:
                del values[id(source)]
    return {name: _all_samples(values[id(node)], len(feeds[0])) for name, node in wanted.items()}


def _all_samples(value: np.ndarray, samples: int) -> np.ndarray:
    return np.broadcast_to(value, (samples, *value.shape[1:]))
