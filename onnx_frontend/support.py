# SPDX-License-Identifier: Apache-2.0
"""Everything that stands between a model and a design, in one list."""

from __future__ import annotations

import onnx_ir as ir

from hwgen.errors import Blocker
from onnx_frontend.cut import cut
from onnx_frontend.lower.lower import lower_leniently
from onnx_frontend.quantization import read_leniently


def find_blockers(model: ir.Model, start: tuple[str, ...] = (), end: tuple[str, ...] = ()) -> tuple[Blocker, ...]:
    """All reasons why a normalized model cannot be built, in the order of the file; empty where it can.

    start, end: tensors between which the model is to be cut out.
    """
    quantized, unread = read_leniently(model)
    part = cut(quantized, start, end) if start or end else quantized
    blind = any(part.tensors[name].shape is None for name in part.unreadable)  # nothing can be said about what follows
    unlowered = () if blind else lower_leniently(part)[1]
    kept = {node.name or node.output for node in part.nodes}
    seen = [b for b in unread if not end or not b.node or b.node in kept or part is quantized]
    return tuple(dict.fromkeys((*seen, *unlowered)))
