# SPDX-License-Identifier: Apache-2.0
"""The written proof that a folding computes its staircase: equality at both ends of every step, for every channel.

The form and the staircase are both monotone, so equality at these points is equality everywhere
(hwgen/numerics/staircase.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from hwgen.errors import InternalError
from hwgen.ir.graph import Node
from hwgen.ir.order import Order
from hwgen.kernels.requantize import constants, folding
from hwgen.kernels.requantize.folding import MultiplyShiftFolding, RequantizeFolding, TieEvenShiftFolding
from hwgen.kernels.requantize.indexing import index_thresholds
from hwgen.kernels.requantize.op import Requantize
from hwgen.kernels.threshold.op import Threshold
from hwgen.numerics.range import IntRange


def proof(node: Node, folding_: RequantizeFolding, taken: tuple[Order, ...] = ()) -> dict[str, Any]:
    """JSON-able: form, where its constants live, common numbers, and per channel constants and points checked.

    taken: the order that arrives; with it, "words" says which channel each word and lane of a memory belongs to.
    Raises InternalError if a point differs.
    """
    op, x = folding.op_and_range(node)
    channels = []
    for channel, staircase in enumerate(constants.staircases(op, x)):
        points, values = staircase.check_points
        found = evaluate(node, folding_, channel, points)
        if (wrong := np.flatnonzero(found != values)).size:
            k = int(wrong[0])
            raise InternalError(
                f"{node.name}: channel {channel} gives {found[k]} for accumulator {points[k]}, not {values[k]}"
            )
        channels.append({**_constants(node, folding_, channel), "points": len(points)})
    return {
        "form": folding_.form,
        "dialect": op.dialect,
        "accumulator": [x.lo, x.hi],
        "constants_in": "the circuit" if folding_.memory == "none" else f"memory ({folding_.memory})",
        "points": sum(c["points"] for c in channels),
        **_function(node, op),
        **_common(node, folding_),
        "words": folding.channels_of_words(node, folding_.lanes_out, taken[0]).tolist() if taken else [],
        "channels": channels,
    }


def _function(node: Node, op: Requantize | Threshold) -> dict[str, Any]:
    """What the form is equal to, apart from ratios and offsets: those stand under "scales"."""
    if isinstance(op, Threshold):
        steps = [
            {"thresholds": list(s.thresholds), "values": list(s.values)} for s in op.staircases(node.src[0].type.range)
        ]
        return {"function": op.function, "staircases": steps, "scales": {}}
    scales = {"ratio": [str(r) for r in op.ratio], "offset": [str(o) for o in op.offset]}
    return {"zero_point": op.zero_point, "clip": [op.out.lo, op.out.hi], "scales": scales}


def evaluate(node: Node, folding_: RequantizeFolding, channel: int, accumulators: np.ndarray) -> np.ndarray:
    """What the hardware of a folding gives for accumulators of one channel, in integers; saturation included."""
    op, x = folding.op_and_range(node)
    if isinstance(folding_, MultiplyShiftFolding | TieEvenShiftFolding):
        if folding_.window_bits:
            window = IntRange.of_bits(folding_.window_bits, signed=True)
            accumulators = np.clip(accumulators, window.lo, window.hi)
        return folding.shift_form_of(node, folding_).evaluate(accumulators, channel)
    if isinstance(folding_, folding.DivisionFolding):
        return folding.division_of(node).evaluate(accumulators, channel)
    index = constants.indexing(op, x)
    thresholds = index_thresholds(constants.staircases(op, x)[channel], index)
    return index.codes(np.searchsorted(thresholds, np.asarray(accumulators), side="right"), channel)


def _common(node: Node, folding_: RequantizeFolding) -> dict[str, Any]:
    if isinstance(folding_, MultiplyShiftFolding | TieEvenShiftFolding):
        form = folding.shift_form_of(node, folding_)
        clamp = [form.clamp.lo, form.clamp.hi]
        return {"shift": form.shift[0], "ties": form.ties, "window_bits": folding_.window_bits, "clamp": clamp}
    index = constants.indexing(*folding.op_and_range(node))
    common = {"index_bits": index.bits, "lowest_code": index.lo, "levels": index.levels}
    if isinstance(folding_, folding.DivisionFolding):
        common["fraction"] = folding.division_of(node).fraction
    return common


def _constants(node: Node, folding_: RequantizeFolding, channel: int) -> dict[str, Any]:
    if isinstance(folding_, MultiplyShiftFolding | TieEvenShiftFolding):
        form = folding.shift_form_of(node, folding_)
        return {"multiplier": form.multiplier[channel], "addend": form.addend[channel]}
    op, x = folding.op_and_range(node)
    index = constants.indexing(op, x)
    if isinstance(folding_, folding.DivisionFolding):
        division = folding.division_of(node)
        found: dict[str, Any] = {
            "divisor": division.divisor[channel],
            "addend": division.addend[channel],
            "nudge": division.nudge[channel],
            "live": division.live[channel],
        }
    else:
        found = {"thresholds": index_thresholds(constants.staircases(op, x)[channel], index).tolist()}
    return found | {"falling": index.falling[channel]}
