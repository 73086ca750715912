# SPDX-License-Identifier: Apache-2.0
"""Bundles of small networks, built once and read by several tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.models import shared_model
from tests.sim.tiny import two_input_graph, write_tiny_bundle

ROOT = Path(__file__).resolve().parents[2]


def build_elsewhere(model: str | Path, output: Path, cwd: Path, hash_seed: int, threads: int) -> Path:
    """A bundle built by a process of its own."""
    settings = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")}
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)}
    words = ["build", str(model), "-o", str(output), "--target", "ecp5-25k", "--fps", "50000"]
    done = subprocess.run(
        [sys.executable, "-m", "hwgen", *words], cwd=cwd, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return output


@pytest.fixture(scope="session")
def cnn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits CNN; read it, do not change it."""
    return build_elsewhere("examples/digits_cnn.onnx", tmp_path_factory.mktemp("emit") / "cnn", ROOT, 0, 1)


@pytest.fixture(scope="session")
def two_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_bundle(tmp_path_factory.mktemp("emit") / "two", two_input_graph())


@pytest.fixture(scope="session")
def resize(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Resize, Concat and Slice."""
    model = shared_model("ort_resize_concat_slice_qdq.onnx")
    return build_elsewhere(model, tmp_path_factory.mktemp("emit") / "resize", ROOT, 0, 1)
