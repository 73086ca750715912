# SPDX-License-Identifier: Apache-2.0
"""What Verilator and Yosys say about the Verilog of a bundle, as a user would ask them."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hwgen.tools.process import ToolFailed, run_tool
from hwgen.tools.verilator import find_verilator
from hwgen.tools.yosys import run_yosys


def lint(bundle: Path) -> list[str]:
    """Warnings of ``verilator --lint-only -Wall`` that bench/lint.vlt does not waive."""
    verilator, sources = find_verilator(), sorted(p.relative_to(bundle) for p in bundle.glob("rtl/*.v"))
    words = [verilator.binary, "--lint-only", "-Wall", "--top-module", _top(bundle), "bench/lint.vlt", *sources]
    try:
        log = run_tool(words, tool="verilator", cwd=bundle, env=verilator.environment())
    except ToolFailed as failure:
        log = failure.log
    return re.findall(r"^%(?:Warning|Error).*", log, re.MULTILINE)


def check_in_yosys(bundle: Path) -> str:
    """The log of ``check -assert`` on the shipped files; ToolFailed where it finds anything."""
    sources = " ".join(f"rtl/{path.name}" for path in sorted(bundle.glob("rtl/*.v")))
    script = [f"read_verilog {sources}", f"hierarchy -check -top {_top(bundle)}", "proc", "check -assert"]
    return run_yosys(script, cwd=bundle)


def _top(bundle: Path) -> str:
    return json.loads((bundle / "manifest.json").read_text())["top"]
