# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import ToolMissing
from hwgen.tools.require import package_version, require_package, require_program


def test_a_program_on_the_path_is_found():
    assert require_program("sh", "a test").name == "sh"


def test_a_missing_program_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissing) as error:
        require_program("make", "compiled simulation")
    assert str(error.value) == (
        "error: make: needed for compiled simulation\n"
        "  found:    no such program on PATH\n"
        "  expected: the program make\n"
        "  fix:      apt-get install g++ make, or the like of your system"
    )


def test_a_missing_package_says_what_to_install():
    with pytest.raises(ToolMissing, match=r"fix: +pip install no-such-thing==1\.0"):
        require_package("no_such_thing", "no-such-thing==1.0", "a test")


def test_the_version_of_a_package_that_is_not_there_is_none():
    assert package_version("no-such-thing") is None
