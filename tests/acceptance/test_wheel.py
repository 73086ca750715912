# SPDX-License-Identifier: Apache-2.0
"""The wheel in an empty environment, far from the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.record import ROOT

pytestmark = pytest.mark.acceptance


def run(*words: object, cwd: Path) -> str:
    """What a program prints; none of this process's Python settings reach it."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run([*map(str, words)], cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout


def test_the_wheel_builds_and_simulates_in_an_empty_environment(tmp_path: Path) -> None:
    run(sys.executable, "-m", "build", "--wheel", "--outdir", tmp_path, ROOT, cwd=tmp_path)
    (wheel,) = tmp_path.glob("hwgen-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "env", cwd=tmp_path)
    hwgen = tmp_path / "env/bin/hwgen"
    run(tmp_path / "env/bin/pip", "install", "--quiet", wheel, cwd=tmp_path)
    model = ROOT / "examples/digits_mlp.onnx"
    run(hwgen, "build", model, "-o", "out", "--fps", 100_000, cwd=tmp_path)
    simulated = json.loads(run(hwgen, "sim", "out", "--json", cwd=tmp_path))
    assert simulated["ok"] and simulated["mismatches"] == 0
    installed = run(tmp_path / "env/bin/python", "-c", "import hwgen; print(hwgen.__file__)", cwd=tmp_path)
    assert installed.startswith(str(tmp_path / "env"))
