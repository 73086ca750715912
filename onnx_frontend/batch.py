# SPDX-License-Identifier: Apache-2.0
"""Models exported for a fixed batch: B frames at once, each on its own."""

from __future__ import annotations

import onnx_ir as ir


def frames_of_one(model: ir.Model, shapes: dict[str, tuple[int, ...]]) -> ir.Model | None:
    """The model for one frame, or None where the inputs have no common leading batch above 1."""
    return None
