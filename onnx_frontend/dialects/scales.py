# SPDX-License-Identifier: Apache-2.0
"""The scale and zero point operands that Q and DQ nodes share."""

from __future__ import annotations

import numpy as np
import onnx_ir as ir

from onnx_frontend.dialects.builder import Builder


def read_scales(builder: Builder, node: ir.Node) -> tuple[np.ndarray, np.ndarray] | None:
    """(scales in float64, zero points in int64) as they stand in the file; None, with a blocker noted, for others."""
    scale, zero = builder.tensor(node.inputs[1]), builder.tensor(node.inputs[2] if len(node.inputs) > 2 else None)
    if scale.name in builder.poisoned:
        return None
    if not scale.is_constant or (zero is not None and not zero.is_constant):
        builder.block(
            node,
            "its scale or zero point is computed at run time",
            found=f"'{node.inputs[1].name}' is not a constant",
            expected="a constant scale and zero point",
            fix="use static quantization: hwgen quantize MODEL --calib X.npz",
        )
        return None
    scales = scale.value.astype(np.float64)
    wrong = scales[~(np.isfinite(scales) & (scales > 0))].ravel()
    if wrong.size:
        builder.block(
            node,
            "its scale is no positive number",
            found=wrong[0],
            expected="finite scales above 0",
            fix="calibrate again with data that excites this tensor",
        )
        return None
    return scales, np.zeros(1, np.int64) if zero is None else zero.value.astype(np.int64)
