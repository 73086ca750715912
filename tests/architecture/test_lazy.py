# SPDX-License-Identifier: Apache-2.0
"""Questions that need no gateware load no gateware, and an installation is not slow to say its version."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

MODEL = ROOT / "examples/digits_mlp.onnx"
CALLS = {
    "import": "import hwgen.cli",
    "check": f"import hwgen; hwgen.check({str(MODEL)!r})",
    "run": f"import hwgen; hwgen.run({str(MODEL)!r}, {str(MODEL.with_suffix('.npz'))!r}, compare='none')",
}


def _loaded(code: str) -> set[str]:
    """Top-level modules in a fresh process after `code`."""
    code += "\nimport sys; print('MODULES', *{name.split('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("call", CALLS)
def test_the_golden_side_never_loads_amaranth(call: str) -> None:
    assert "amaranth" not in _loaded(CALLS[call])


def test_the_command_line_loads_nothing_heavy_before_it_knows_the_command() -> None:
    assert _loaded(CALLS["import"]) & {"amaranth", "onnx", "onnxruntime", "numba", "cocotb", "pyosys"} == set()
