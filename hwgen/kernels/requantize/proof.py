# SPDX-License-Identifier: Apache-2.0
"""The written proof that a form computes its staircase: equality at both ends of every step, for every channel.

Both functions are monotone, so equality at these points is equality everywhere (hwgen/numerics/staircase.py). The
arithmetic here is the hardware's, in Python ints, with saturation, bit by bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.kernels.requantize import constants, folding
from hwgen.kernels.requantize.folding import RequantizeFolding
from hwgen.kernels.requantize.spec import DivisionSpec, LineSpec, RequantizeSpec
from hwgen.numerics.range import IntRange


def proof(node: Node, folding_: RequantizeFolding) -> dict[str, Any]:
    """JSON-able: form, where its constants live, common numbers, and per channel constants and points checked.

    Raises InternalError if a point differs.
    """
    op, x = folding.op_and_range(node)
    spec = folding.spec(node, folding_)
    channels = []
    for channel, staircase in enumerate(constants.staircases(op, x)):
        points, values = staircase.check_points
        got = evaluate(node, folding_, spec, channel, points)
        if not np.array_equal(got, values):
            wrong = int(np.flatnonzero(got != values)[0])
            raise InternalError(
                f"{node.name}: channel {channel}, accumulator {points[wrong]}: {got[wrong]} is not {values[wrong]}"
            )
        channels.append(_constants(node, folding_, spec, channel) | {"points": len(points)})
    return {
        "form": folding_.form,
        "dialect": op.dialect,
        "accumulator": [x.lo, x.hi],
        "constants_in": "the circuit" if folding_.memory == "none" else f"memory ({folding_.memory})",
        "points": sum(c["points"] for c in channels),
        **_common(spec),
        "channels": channels,
    }


def evaluate(
    node: Node, folding_: RequantizeFolding, spec: RequantizeSpec, channel: int, accumulators: np.ndarray
) -> np.ndarray:
    """What the hardware of a folding gives for accumulators of one channel."""
    op, x = folding.op_and_range(node)
    acc = np.asarray(accumulators).astype(object)
    index = constants.indexing(op, x)
    if isinstance(spec, LineSpec):
        lines = folding.lines_of(node, folding_)  # type: ignore[arg-type]
        if spec.window_bits:
            window = IntRange.of_bits(spec.window_bits, signed=True)
            acc = np.clip(acc, window.lo, window.hi)
        total = acc * lines.multipliers[channel] + lines.addends[channel]
        return np.clip(lines.rounded(total), op.out.lo, op.out.hi).astype(np.int64)
    if isinstance(spec, DivisionSpec):
        division = folding.divisions_of(node)
        quotient = ((acc << division.fraction) + division.addends[channel]) // division.divisors[channel]
        found = np.clip(quotient, 0, (1 << index.bits) - 1).astype(np.int64)
    else:
        thresholds = constants.index_thresholds(constants.staircases(op, x)[channel], index)
        found = np.searchsorted(thresholds, np.asarray(accumulators), side="right")
    return index.codes(found, channel)


def _common(spec: RequantizeSpec) -> dict[str, Any]:
    if isinstance(spec, LineSpec):
        return {"shift": spec.shift, "ties": spec.ties, "window_bits": spec.window_bits}
    return {"fraction": spec.fraction} if isinstance(spec, DivisionSpec) else {}


def _constants(node: Node, folding_: RequantizeFolding, spec: RequantizeSpec, channel: int) -> dict[str, Any]:
    op, x = folding.op_and_range(node)
    if isinstance(spec, LineSpec):
        lines = folding.lines_of(node, folding_)  # type: ignore[arg-type]
        return {"multiplier": lines.multipliers[channel], "addend": lines.addends[channel]}
    index = constants.indexing(op, x)
    if isinstance(spec, DivisionSpec):
        division = folding.divisions_of(node)
        found: dict[str, Any] = {"divisor": division.divisors[channel], "addend": division.addends[channel]}
    else:
        found = {"thresholds": constants.index_thresholds(constants.staircases(op, x)[channel], index).tolist()}
    return found | {"falling": index.falling[channel]}
