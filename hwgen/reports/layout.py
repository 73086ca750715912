# SPDX-License-Identifier: Apache-2.0
"""Where the boxes and lines of a dataflow graph go on a page.

Layers from top to bottom, long edges through empty places in the layers between, few crossings (Sugiyama, Tagawa and
Toda, "Methods for visual understanding of hierarchical system structures", 1981). Coordinates are in pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BOX_WIDTH, BOX_HEIGHT, LANE_WIDTH = 250.0, 52.0, 26.0
GAP, LAYER_STEP = 26.0, 96.0
SWEEPS = 8

Edge = tuple[str, str]
Item = str | tuple[str, str, int]  # a box, or the place of an edge in a layer


@dataclass(frozen=True)
class Layout:
    """boxes: centre of each box; lines: points of each edge from box to box; width, height of the whole picture."""

    boxes: dict[str, tuple[float, float]]
    lines: dict[Edge, tuple[tuple[float, float], ...]]
    width: float
    height: float


def lay_out(names: Sequence[str], edges: Sequence[Edge]) -> Layout:
    """Places all `names`; `edges` go from source to sink and form no cycle."""
    edges = list(dict.fromkeys(edges))
    layer_of = _layers(names, edges)
    layers, chains = _with_lanes(names, edges, layer_of)
    neighbours = _neighbours(chains)
    _uncross(layers, neighbours)
    x = _columns(layers, neighbours)
    left = min(x[item] - _width(item) / 2 for layer in layers for item in layer) - GAP
    right = max(x[item] + _width(item) / 2 for layer in layers for item in layer) + GAP
    height = LAYER_STEP * (len(layers) - 1) + BOX_HEIGHT + 2 * GAP
    boxes = {n: (x[n] - left, GAP + BOX_HEIGHT / 2 + LAYER_STEP * layer_of[n]) for n in names}
    lines = {edge: _line(chain, x, left, layer_of[edge[0]]) for edge, chain in chains.items()}
    return Layout(boxes, lines, right - left, height)


def _layers(names: Sequence[str], edges: Sequence[Edge]) -> dict[str, int]:
    """Longest way from a source; sources themselves stand right above their first reader."""
    into: dict[str, list[str]] = {n: [] for n in names}
    out: dict[str, list[str]] = {n: [] for n in names}
    for a, b in edges:
        into[b].append(a)
        out[a].append(b)
    layer = {n: 0 for n in names if not into[n]}
    waiting = [n for n in names if into[n]]
    while waiting:
        ready = [n for n in waiting if all(a in layer for a in into[n])]
        if not ready:
            raise ValueError(f"the graph has a cycle through {waiting[0]}")
        layer |= {n: 1 + max(layer[a] for a in into[n]) for n in ready}
        waiting = [n for n in waiting if n not in layer]
    return {n: min(layer[b] for b in out[n]) - 1 if not into[n] and out[n] else layer[n] for n in names}


def _with_lanes(
    names: Sequence[str], edges: Sequence[Edge], layer_of: dict[str, int]
) -> tuple[list[list[Item]], dict[Edge, list[Item]]]:
    """Items of each layer, and per edge the items that it passes from end to end."""
    layers: list[list[Item]] = [[] for _ in range(1 + max(layer_of.values(), default=0))]
    for name in names:
        layers[layer_of[name]].append(name)
    chains: dict[Edge, list[Item]] = {}
    for a, b in edges:
        between: list[Item] = [(a, b, k) for k in range(layer_of[a] + 1, layer_of[b])]
        for k, item in enumerate(between, layer_of[a] + 1):
            layers[k].append(item)
        chains[a, b] = [a, *between, b]
    return layers, chains


def _neighbours(chains: dict[Edge, list[Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    """Items above and items below each item."""
    above: dict[Item, list[Item]] = {}
    below: dict[Item, list[Item]] = {}
    for chain in chains.values():
        for upper, lower in zip(chain, chain[1:], strict=False):
            above.setdefault(lower, []).append(upper)
            below.setdefault(upper, []).append(lower)
    return above, below


def _uncross(layers: list[list[Item]], neighbours: tuple[dict[Item, list[Item]], ...]) -> None:
    """Orders every layer by the mean place of the neighbours above, then below, some times over."""
    for sweep in range(SWEEPS):
        order = range(1, len(layers)) if sweep % 2 == 0 else range(len(layers) - 2, -1, -1)
        step, near = (-1, neighbours[0]) if sweep % 2 == 0 else (1, neighbours[1])
        for k in order:
            place = {item: float(n) for n, item in enumerate(layers[k + step])}
            own = {item: float(n) for n, item in enumerate(layers[k])}
            mean = {i: _mean([place[j] for j in near.get(i, []) if j in place], own[i]) for i in layers[k]}
            layers[k].sort(key=lambda item: (mean[item], own[item]))


def _columns(layers: list[list[Item]], neighbours: tuple[dict[Item, list[Item]], ...]) -> dict[Item, float]:
    """x of every item: near its neighbours, in the order of its layer, nothing overlapping."""
    x: dict[Item, float] = {}
    for layer in layers:
        _spread(layer, dict.fromkeys(layer, 0.0), x)
    for sweep in range(SWEEPS):
        near = neighbours[sweep % 2]
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            _spread(layer, {i: _mean([x[j] for j in near.get(i, [])], x[i]) for i in layer}, x)
    return x


def _spread(layer: list[Item], wanted: dict[Item, float], x: dict[Item, float]) -> None:
    """Sets x to the mean of the tightest placements from the left and from the right of what is wanted."""
    lefts: list[float] = []
    rights: list[float] = []
    for items, found, sign in ((layer, lefts, 1.0), (layer[::-1], rights, -1.0)):
        edge = float("-inf")
        for item in items:
            half = _width(item) / 2
            centre = max(sign * wanted[item], edge + half)
            found.append(sign * centre)
            edge = centre + half + GAP
    for item, a, b in zip(layer, lefts, rights[::-1], strict=True):
        x[item] = (a + b) / 2


def _line(chain: list[Item], x: dict[Item, float], left: float, layer: int) -> tuple[tuple[float, float], ...]:
    top = GAP + LAYER_STEP * layer
    points = [(x[chain[0]] - left, top + BOX_HEIGHT)]
    for k, item in enumerate(chain[1:-1], 1):
        y = top + LAYER_STEP * k
        points += [(x[item] - left, y), (x[item] - left, y + BOX_HEIGHT)]
    return (*points, (x[chain[-1]] - left, top + LAYER_STEP * (len(chain) - 1)))


def _width(item: Item) -> float:
    return BOX_WIDTH if isinstance(item, str) else LANE_WIDTH


def _mean(values: list[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise
