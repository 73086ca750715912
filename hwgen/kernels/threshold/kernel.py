# SPDX-License-Identifier: Apache-2.0
"""Binds the Threshold operator to the search unit of the requantizer: the one form that any staircase has."""

from __future__ import annotations

from hwgen.ir.graph import Node
from hwgen.kernels.base import lane_counts
from hwgen.kernels.requantize.folding import BLOCK_FROM_WORDS, MOST_LANES, ThresholdsFolding
from hwgen.kernels.requantize.kernel import RequantizeKernel
from hwgen.kernels.threshold.op import Threshold
from hwgen.targets import Target


class ThresholdKernel(RequantizeKernel):
    """Accumulators to codes by binary search among the transitions of each channel."""

    op = Threshold

    def foldings(self, node: Node, target: Target) -> tuple[ThresholdsFolding, ...]:
        op = node.op
        assert isinstance(op, Threshold)
        extent = node.type.shape[op.axis] if op.channels > 1 else node.type.size
        found = []
        for lanes in lane_counts(extent, MOST_LANES):
            found.append(ThresholdsFolding((lanes,), lanes, "logic"))
            if op.channels > 1 and extent // lanes >= BLOCK_FROM_WORDS:
                found.append(ThresholdsFolding((lanes,), lanes, "block"))
        return tuple(found)
