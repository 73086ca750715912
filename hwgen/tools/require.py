# SPDX-License-Identifier: Apache-2.0
"""Programs and Python packages that must be there, and what to install if they are not."""

from __future__ import annotations

import importlib.util
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from hwgen.errors import ToolMissing

SYSTEM_PACKAGES = "apt-get install g++ make, or the like of your system"


def require_program(name: str, needed_for: str, install: str = SYSTEM_PACKAGES) -> Path:
    """The path of a program on PATH; ToolMissing if there is none."""
    found = shutil.which(name)
    if found is None:
        raise ToolMissing.of(
            name, f"needed for {needed_for}",
            found="no such program on PATH", expected=f"the program {name}", fix=install,
        )  # fmt: skip
    return Path(found)


def require_package(module: str, distribution: str, needed_for: str) -> Path:
    """The folder of an installed Python package, which is not imported; ToolMissing if there is none."""
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ToolMissing.of(
            distribution, f"needed for {needed_for}",
            found=f"no Python package {module}", expected=f"the Python package {distribution}",
            fix=f"pip install {distribution}",
        )  # fmt: skip
    return Path(spec.submodule_search_locations[0])


def package_version(distribution: str) -> str | None:
    """The version of an installed distribution, or None."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None
