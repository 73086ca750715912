# SPDX-License-Identifier: Apache-2.0
"""Small files, small functions."""

from __future__ import annotations

import ast

from tests.architecture.sources import PACKAGES, ROOT, SCRIPTS, python_files, tree

FILE_LINES = 300
FUNCTION_LINES = 40


def test_no_file_is_longer_than_300_lines() -> None:
    files = python_files(*PACKAGES, *SCRIPTS, "tests")
    lines = {str(f.relative_to(ROOT)): len(f.read_text(encoding="utf-8").splitlines()) for f in files}
    assert {f: n for f, n in lines.items() if n > FILE_LINES} == {}


def test_no_function_is_longer_than_40_lines() -> None:
    functions = {
        f"{file.relative_to(ROOT)}: {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in python_files(*PACKAGES, *SCRIPTS)
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in functions.items() if n > FUNCTION_LINES} == {}
