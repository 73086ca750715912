# SPDX-License-Identifier: Apache-2.0
"""The golden model against onnxruntime on one thread without graph optimizations, in CPU time."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from threadpoolctl import threadpool_limits

from hwgen.ir.evaluate import evaluate
from hwgen.passes.optimize import optimize
from onnx_frontend.host_boundary import host_boundary
from tests.acceptance.record import note
from tests.models import Pair, shared_model

SAMPLES = 64
NAMES = (
    "mlperf_ad_autoencoder_int8",
    "mlperf_kws_dscnn_int8",
    "mlperf_ic_resnet8_int8",
    "kws_dscnn_pruned.qdq_u8s8_perchannel",
    "ort_residual_u8u8_qdq",
)

pytestmark = pytest.mark.acceptance


def cpu_seconds(work: Callable[[], object]) -> float:
    """The best of five on one thread, after one run to warm up."""
    with threadpool_limits(1):
        work()
        seconds = []
        for _ in range(5):
            begin = time.process_time()
            work()
            seconds.append(time.process_time() - begin)
        return min(seconds)


@pytest.mark.parametrize("name", NAMES)
def test_golden_takes_at_most_three_times_as_long_as_onnxruntime(name: str) -> None:
    path: Path = shared_model(f"{name}.onnx")
    pair = Pair.of(onnx.load(path))
    graph, inputs = optimize(pair.graph), pair.inputs(SAMPLES)
    codes = host_boundary(pair.quantized, graph).to_codes(inputs)
    asked = [output.name for output in pair.oracle.model.graph.output]
    run = pair.oracle.runner(asked)
    frames = [{key: np.asarray(value)[k] for key, value in inputs.items()} for k in range(SAMPLES)]
    theirs, ours = cpu_seconds(lambda: [run(frame) for frame in frames]), cpu_seconds(lambda: evaluate(graph, codes))
    figures = {"samples": SAMPLES, "onnxruntime_seconds": round(theirs, 4), "golden_seconds": round(ours, 4)}
    note("golden_speed", name, {**figures, "macs": graph.macs, "ratio": round(ours / theirs, 2)})
    assert ours <= 3 * theirs, figures
