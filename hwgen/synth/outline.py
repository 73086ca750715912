# SPDX-License-Identifier: Apache-2.0
"""The outside of a Verilog module: its ports, and the instances that lie directly in it."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hwgen.errors import UserError
from hwgen.tools.yosys import run_yosys

_PORT = re.compile(
    r"^  wire (?:width (\d+) )?(?:upto |signed |offset \d+ )*(input|output) \d+ (?:signed )?\\(\S+)$", re.M
)
_INSTANCE = re.compile(r"^  cell \\\S+ \\(\w+)$", re.M)


@dataclass(frozen=True)
class ModulePort:
    """Name, direction as seen from the module, and bits."""

    name: str
    direction: Literal["input", "output"]
    width: int = 1


@dataclass(frozen=True)
class Outline:
    """Ports in their order and names of instances, sorted, of a module with its parameters at their defaults."""

    ports: tuple[ModulePort, ...]
    instances: tuple[str, ...]


def read_outline(files: Sequence[Path], top: str, cwd: Path) -> Outline:
    """The outline of the module `top` of the Verilog `files`; UserError if there is none."""
    with tempfile.TemporaryDirectory(prefix="hwgen-") as name:
        listed = Path(name).resolve() / "top.il"
        script = [f"read_verilog {relative_paths(files, cwd)}", f"select {top}"]
        run_yosys([*script, f"write_rtlil -selected {relative_paths([listed], cwd)}"], cwd=cwd)
        text = listed.read_text()
    if f"module \\{top}\n" not in text:
        raise UserError.of(
            f"module {top}", "there is no such module in the Verilog files",
            found=", ".join(Path(file).name for file in files), expected=f"a file with a module {top}",
            fix="name the top module of the design",
        )  # fmt: skip
    ports = tuple(
        ModulePort(name, "input" if direction == "input" else "output", int(width or 1))
        for width, direction, name in _PORT.findall(text)
    )
    return Outline(ports, tuple(sorted(_INSTANCE.findall(text))))


def relative_paths(files: Sequence[Path], cwd: Path) -> str:
    """Paths as a Yosys script takes them: relative, which is all that the WebAssembly build can follow everywhere."""
    relative = [os.path.relpath(Path(file).resolve(), cwd.resolve()) for file in files]
    return " ".join(f'"{path}"' if " " in path else path for path in relative)
