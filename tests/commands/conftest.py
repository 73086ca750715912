# SPDX-License-Identifier: Apache-2.0
"""A command run in this process, and one small bundle that several tests read."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hwgen import api
from hwgen.cli import run_command

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
MLP = EXAMPLES / "digits_mlp.onnx"

Run = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture) -> Run:
    """``run("check", MLP, json=True)`` gives (exit code, stdout or its document, stderr)."""

    def run(*words: object, json: bool = False) -> tuple[int, Any, str]:
        code = run_command([*map(str, words), *(["--json"] if json else [])])
        printed = capsys.readouterr()
        return code, _document(printed.out) if json else printed.out, printed.err

    return run


def _document(text: str) -> Any:
    return json.loads(text)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the dense digits network; read it, do not change it."""
    folder = tmp_path_factory.mktemp("built") / "digits_mlp"
    api.build(MLP, folder, target="ecp5-25k", fps=100_000)
    return folder


@pytest.fixture
def bundle(built: Path, tmp_path: Path) -> Path:
    """A bundle of one's own."""
    return Path(shutil.copytree(built, tmp_path / "digits_mlp"))
