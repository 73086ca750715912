# SPDX-License-Identifier: Apache-2.0
"""Slice, Split, Gather with constant indices, and Concat: they pick or join codes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hwgen.ir.graph import Node
from hwgen.kernels.concat.op import Concat
from hwgen.kernels.lookup.op import Lookup
from hwgen.kernels.select.op import Slice
from hwgen.kernels.view.op import Reshape
from onnx_frontend.lower.expression import Exact
from onnx_frontend.lower.lowering import Lowering
from onnx_frontend.lower.pending import Finish
from onnx_frontend.quant_graph import QuantNode

MOST_RUNS = 64


def slice_(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Slice with constant bounds and positive steps, one IR Slice per axis that shrinks."""
    (source,) = sources
    rank = len(source.type.shape)
    if node.version < 10:
        starts, ends = node.attributes["starts"], node.attributes["ends"]
        axes, steps = node.attributes.get("axes", range(len(starts))), [1] * len(starts)
    else:
        starts, ends, axes, steps = (lowering.value(node, k) for k in range(1, 5))
        axes = range(len(starts)) if axes is None else axes.ravel()
        steps = [1] * len(starts) if steps is None else steps.ravel()
    result = source
    for start, end, axis, step in zip(np.ravel(starts), np.ravel(ends), axes, steps, strict=True):
        extent = source.type.shape[int(axis) % rank]
        picked = range(extent)[slice(int(start), _end(int(end), int(step), extent), int(step))]
        result = _pick(lowering, node, result, int(axis) % rank, picked)
    return result


def _end(end: int, step: int, extent: int) -> int | None:
    return None if step < 0 and end < -extent else end


def split(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """One output of a Split."""
    (source,) = sources
    axis = int(node.attributes.get("axis", 0)) % len(source.type.shape)
    start = 0
    for name in node.outputs:
        extent = lowering.shape(name)[axis]
        if name == output:
            return _pick(lowering, node, source, axis, range(start, start + extent))
        start += extent
    raise ValueError(f"{output} is no output of {node.name}")


def gather(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Gather by constant indices, those in even steps at once; a scalar index drops the axis. Others look rows up."""
    (source,) = sources
    if lowering.graph.tensors[node.inputs[1]].quant is not None:
        indices = lowering.grid(node.inputs[1], node)
        return lowering.emit(Lookup(), (indices.node, source), lowering.named(node), (node,))
    axis = int(node.attributes.get("axis", 0)) % len(source.type.shape)
    extent = source.type.shape[axis]
    indices = [int(i) % extent for i in np.ravel(lowering.value(node, 1))]
    result = gather_along(lowering, node, source, axis, indices)
    wanted = lowering.shape(node.output)
    if result.type.shape == wanted:
        return result
    return lowering.emit(Reshape(wanted), (result,), f"{lowering.named(node)}_shaped", (node,))


def gather_elements(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """GatherElements by constant indices: single elements of the flat tensor."""
    (source,) = sources
    shape = source.type.shape
    indices = lowering.value(node, 1)
    axis = int(node.attributes.get("axis", 0)) % len(shape)
    places = list(np.indices(indices.shape))
    places[axis] = indices % shape[axis]
    picked = np.ravel_multi_index(tuple(places), shape).ravel().tolist()
    flat = lowering.emit(Reshape((1, source.type.size)), (source,), f"{lowering.named(node)}_flat", (node,))
    result = gather_along(lowering, node, flat, 1, picked)
    return lowering.emit(Reshape(indices.shape), (result,), f"{lowering.named(node)}_shaped", (node,))


def gather_along(lowering: Lowering, node: QuantNode, source: Node, axis: int, indices: list[int]) -> Node:
    """Those elements of an axis, in that order: slices that run in even steps, joined."""
    runs = even_runs(indices)
    if len(runs) > MOST_RUNS:
        raise lowering.graph.refuse(
            node,
            "its indices are too irregular",
            found=f"{len(runs)} runs of even steps along axis {axis}",
            expected=f"at most {MOST_RUNS}",
            fix="reorder on the host, or reorder the weights behind it",
        )
    parts = [_pick(lowering, node, source, axis, run) for run in runs]
    if len(parts) == 1:
        return parts[0]
    return lowering.emit(Concat(axis), tuple(parts), lowering.named(node), (node,))


def even_runs(indices: list[int]) -> list[range]:
    """The list in the fewest pieces that rise in even steps, taken from the front."""
    runs: list[range] = []
    at = 0
    while at < len(indices):
        step = indices[at + 1] - indices[at] if at + 1 < len(indices) else 1
        length = 1
        while step > 0 and at + length < len(indices) and indices[at + length] == indices[at] + step * length:
            length += 1
        runs.append(range(indices[at], indices[at] + max(1, step) * length, max(1, step)))
        at += length
    return runs


def _pick(lowering: Lowering, node: QuantNode, source: Node, axis: int, picked: range) -> Node:
    if picked == range(source.type.shape[axis]):
        return source
    if picked.step < 1:
        raise lowering.graph.refuse(
            node,
            "it runs backwards",
            f"step {picked.step} along axis {axis}",
            "positive steps",
            "drop the reversal, or do it on the host",
        )
    op = Slice(axis, picked.start, picked.step if len(picked) > 1 else 1, len(picked))
    return lowering.emit(op, (source,), lowering.named(node), (node,))


def concat(lowering: Lowering, node: QuantNode, sources: tuple[Node, ...], output: str) -> Node:
    """Concat of codes on one grid."""
    if len(sources) == 1:
        return sources[0]
    axis = int(node.attributes["axis"]) % len(sources[0].type.shape)
    return lowering.emit(Concat(axis), sources, lowering.named(node), (node,))


def before_concat(lowering: Lowering, node: QuantNode, finish: Finish) -> tuple[Finish, ...]:
    """Each branch is rounded to the grid of the result first, with its own part of the constants."""
    shape = lowering.shape(node.output)
    axis = int(node.attributes["axis"]) % len(shape)
    finishes, start = [], 0
    for name in node.inputs:
        extent = lowering.shape(name)[axis]
        part = range(start, start + extent)

        def cut(constant: Exact, part: range = part) -> Exact:
            full = constant.reshape([1] * (len(shape) - constant.ndim) + list(constant.shape))
            return full if full.shape[axis] == 1 else full.take(list(part), axis)

        finishes.append(replace(finish, expression=finish.expression.map_constants(cut)))
        start += extent
    return tuple(finishes)


def before_pick(lowering: Lowering, node: QuantNode, finish: Finish) -> tuple[Finish, ...] | None:
    """Picking may come after the rounding where that is the same function for all elements."""
    if not finish.expression.is_uniform:
        return None
    return (replace(finish, expression=finish.expression.map_constants(lambda c: c.reshape(()))),)
