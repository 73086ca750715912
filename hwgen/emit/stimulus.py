# SPDX-License-Identifier: Apache-2.0
"""Input codes to try a design with: corners first, then random ones from a recorded seed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwgen.ir.graph import Graph, Node

DEFAULT_SAMPLES = 8


def default_inputs(
    graph: Graph, samples: int, seed: int, zero_points: Mapping[str, int] | None = None
) -> dict[str, np.ndarray]:
    """Per input name codes of shape (samples, *shape): all smallest, all largest, all at the zero point, then random.

    zero_points: per input name; 0, or the code next to it, where none is given.
    """
    rng = np.random.default_rng(seed)
    return {node.name: _codes(node, samples, rng, (zero_points or {}).get(node.name, 0)) for node in graph.inputs}


def _codes(node: Node, samples: int, rng: np.random.Generator, zero_point: int) -> np.ndarray:
    values = node.type.range
    codes = rng.integers(values.lo, values.hi, (samples, *node.type.shape), endpoint=True)
    for k, corner in enumerate((values.lo, values.hi, values.clamp(zero_point))[: max(0, samples - 1)]):
        codes[k] = corner
    return codes
