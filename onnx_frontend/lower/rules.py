# SPDX-License-Identifier: Apache-2.0
"""Which ONNX operator is lowered by which rule: one line each."""

from __future__ import annotations

from onnx_frontend.lower import finish, gemm, view
from onnx_frontend.lower.lowering import Rules

RULES = Rules(
    moves={
        "Reshape": view.reshape,
        "Flatten": view.reshape,
        "Squeeze": view.reshape,
        "Unsqueeze": view.reshape,
        "Transpose": view.transpose,
    },
    finish_moves={
        "Reshape": view.before_reshape,
        "Flatten": view.before_reshape,
        "Squeeze": view.before_reshape,
        "Unsqueeze": view.before_reshape,
        "Transpose": view.before_transpose,
    },
    accumulators={
        "Gemm": gemm.gemm,
        "MatMul": gemm.matmul,
    },
    rounded={},
    finish=finish.finish,
    grids=finish.on_same_grid,
)
