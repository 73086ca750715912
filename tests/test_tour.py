# SPDX-License-Identifier: Apache-2.0
"""docs/tour.md, run from top to bottom: this is also the test of the whole flow, place and route included."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOUR = (ROOT / "docs/tour.md").read_text(encoding="utf-8")
SECONDS = 900


def _steps(block: str) -> Iterator[tuple[str, str]]:
    """(command, expected output) of a console block."""
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def _matches(expected: str, printed: str) -> bool:
    """Equal but for white space, where ``...`` stands for anything."""
    pieces = re.split(r"\s*\.\.\.\s*", " ".join(expected.split()))
    return re.fullmatch(".*".join(map(re.escape, pieces)), " ".join(printed.split()), flags=re.S) is not None


def _run(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        out, err = child.communicate(timeout=SECONDS)
    errors = [line for line in err.decode().splitlines() if not re.match(r"\[ *[\d.]+ s\] ", line)]
    return out.decode() + "".join(f"{line}\n" for line in errors)


def _shell(command: str) -> list[str]:
    hwgen = f"{sys.executable} -m hwgen "
    return ["bash", "-c", re.sub(r"^hwgen ", hwgen, command)]


def test_the_tour_is_true(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    blocks = re.findall(r"^```(console|python)\n(.*?)^```", TOUR, flags=re.M | re.S)
    assert len(blocks) > 5
    for kind, block in blocks:
        if kind == "python":
            assert _run([sys.executable, "-c", block], tmp_path) == ""
            continue
        for command, expected in _steps(block):
            printed = _run(_shell(command), tmp_path)
            if not _matches(expected, printed):
                pytest.fail(f"$ {command}\nexpected:\n{expected}\nprinted:\n{printed}")


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        ("a ... b", "a   b", True),
        ("a ... b", "a 1\n2 b", True),
        ("a ... b\n", "a 1 c", False),
        ("(a)", "(a)\n", True),
        ("a", "a b", False),
    ],
)
def test_the_comparison_can_fail(expected: str, printed: str, same: bool) -> None:
    assert _matches(expected, printed) == same
