# SPDX-License-Identifier: Apache-2.0
"""Which ONNX operator is lowered by which rule: one line each."""

from __future__ import annotations

from onnx_frontend.lower import conv, finish, gemm, ort, pad, pairs, pool, resize, select, softmax, view
from onnx_frontend.lower.lowering import Rules

RULES = Rules(
    moves={
        "Reshape": view.reshape,
        "Flatten": view.reshape,
        "Squeeze": view.reshape,
        "Unsqueeze": view.reshape,
        "Transpose": view.transpose,
        "Slice": select.slice_,
        "Split": select.split,
        "Gather": select.gather,
        "Concat": select.concat,
        "MaxPool": pool.max_pool,
        "GlobalMaxPool": pool.global_max_pool,
    },
    finish_moves={
        "Reshape": view.before_reshape,
        "Flatten": view.before_reshape,
        "Squeeze": view.before_reshape,
        "Unsqueeze": view.before_reshape,
        "Transpose": view.before_transpose,
        "Slice": select.before_pick,
        "Split": select.before_pick,
        "Gather": select.before_pick,
        "Concat": select.before_concat,
        "MaxPool": pool.before_max,
        "GlobalMaxPool": pool.before_max,
    },
    accumulators={
        "Gemm": gemm.gemm,
        "MatMul": gemm.matmul,
        "Conv": conv.conv,
        "AveragePool": pool.average_pool,
        "GlobalAveragePool": pool.global_average_pool,
        "ReduceMean": pool.reduce_mean,
        "ReduceSum": pool.reduce_mean,
        "Mul": pairs.mul,
        "Resize": resize.resize,
        "Upsample": resize.resize,
    },
    rounded={
        "Add": ort.add,
        "Sub": pairs.add,
        "Pad": pad.rounded_pad,
        "Resize": resize.rounded_resize,
        "Upsample": resize.rounded_resize,
        "Softmax": softmax.softmax,
    },
    grid_rules={
        "Pad": pad.grid_pad,
        "Resize": resize.grid_resize,
        "Upsample": resize.grid_resize,
    },
    finish=ort.finish,
    grids=finish.on_same_grid,
)
