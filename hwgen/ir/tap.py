# SPDX-License-Identifier: Apache-2.0
"""Looking at values inside of a graph while it is evaluated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph, Node
from hwgen.numerics.range import IntRange


@dataclass(frozen=True)
class Observation:
    """What was seen on a node: a fact about these samples, never a promise about others."""

    range: IntRange
    zeros: int
    count: int

    def plus(self, other: Observation) -> Observation:
        return Observation(self.range.union(other.range), self.zeros + other.zeros, self.count + other.count)


@dataclass
class Tap:
    """Give one to `evaluate` as its `tap`: it keeps an Observation per node name."""

    seen: dict[str, Observation] = field(default_factory=dict)

    def __call__(self, node: Node, first_sample: int, values: np.ndarray) -> None:
        zeros = values.size - int(np.count_nonzero(values))
        now = Observation(IntRange.of_array(values), zeros, values.size)
        self.seen[node.name] = self.seen[node.name].plus(now) if node.name in self.seen else now


def observe(graph: Graph, codes: Mapping[str, np.ndarray]) -> dict[str, Observation]:
    """Observations of every stream of a graph over the samples given."""
    tap = Tap()
    evaluate(graph, codes, tap=tap)
    return tap.seen
