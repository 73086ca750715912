# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from hwgen.tools.rtlil_to_verilog import rtlil_to_verilog
from hwgen.tools.verilator import find_verilator
from hwgen.tools.yosys import run_yosys
from tests.tools.designs import blend_rtlil

ROOT = Path(__file__).parents[2]
MULTIPLY = ROOT / "hwgen" / "hdl" / "verilog" / "hwgen_multiply.v"
ACCEPTED_LINT = {"DECLFILENAME", "WIDTHEXPAND", "PROCASSINIT", "UNUSEDSIGNAL"}


@pytest.fixture(scope="module")
def il() -> str:
    return blend_rtlil()


@pytest.fixture(scope="module")
def folder(il: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the design in both languages and the multiplier it instantiates."""
    folder = tmp_path_factory.mktemp("blend")
    (folder / "blend.il").write_text(re.sub(r"(\\fields|\\pair)\[(\d)\]", r"\1__\2", il))
    (folder / "blend.v").write_text(rtlil_to_verilog(il))
    (folder / "hwgen_multiply.v").write_text(MULTIPLY.read_text())
    return folder


def test_yosys_proves_the_verilog_equal_to_the_rtlil(folder: Path):
    flat = ["hierarchy -check -top blend", "proc", "check -assert", "flatten", "memory", "opt_clean"]
    run_yosys(
        [
            "read_rtlil blend.il", "read_verilog hwgen_multiply.v", *flat, "rename blend gold", "design -stash gold",
            "read_verilog blend.v hwgen_multiply.v", *flat, "rename blend gate", "design -stash gate",
            "design -copy-from gold -as gold gold", "design -copy-from gate -as gate gate",
            "equiv_make gold gate equal", "hierarchy -top equal", "equiv_simple", "equiv_induct", "equiv_status -assert",
        ],
        cwd=folder,
    )  # fmt: skip


def test_the_lint_finds_nothing_but_widths_unused_bits_and_initial_values(folder: Path):
    verilator = find_verilator()
    command = [verilator.binary, "--lint-only", "-Wall", "--top-module", "blend", "blend.v", "hwgen_multiply.v"]
    lint = subprocess.run(command, cwd=folder, env=verilator.environment(), text=True, capture_output=True).stderr
    assert set(re.findall(r"^%Warning-(\w+)", lint, flags=re.MULTILINE)) <= ACCEPTED_LINT
    assert not re.search(r"^%Error(?!: Exiting due to \d+ warning)", lint, flags=re.MULTILINE)


def test_names_are_plain_and_nothing_of_this_machine_is_left(folder: Path):
    verilog = (folder / "blend.v").read_text()
    assert not re.search(r"[\\/]|Generated|\bsrc\b|/\*", verilog)
    assert "$" not in verilog.replace("$signed", "")


def test_expressions_are_called_after_what_they_feed(folder: Path):
    verilog = (folder / "blend.v").read_text()
    assert "    if (rst) count <= 2'h0;\n    else if (control_state) count <= count_next;\n" in verilog
    assert "  assign count_next = count + 1'h1;\n" in verilog


def test_the_output_of_an_instance_is_called_after_the_instance(folder: Path):
    verilog = (folder / "blend.v").read_text()
    assert ".y(early_y)" in verilog and ".a(early_y)" in verilog


def test_equal_modules_are_printed_once(folder: Path):
    verilog = (folder / "blend.v").read_text()
    assert "  blend_early early (" in verilog and "  blend_early late (" in verilog
    assert "module blend_late" not in verilog


def test_clock_and_reset_come_first(folder: Path):
    ports = re.findall(r"^  (?:in|out)put .*?(\w+)(?: = .*)?,?$", (folder / "blend.v").read_text().split(";")[0], re.M)
    assert ports == ["clk", "rst", "entry", "i__payload", "i__ready", "i__valid", "o"]


def test_the_same_bytes_come_out_for_another_hash_seed_and_folder(folder: Path, il: str, tmp_path: Path):
    (tmp_path / "in.il").write_text(il)
    code = "from hwgen.tools.rtlil_to_verilog import *; print(rtlil_to_verilog(open('in.il').read()), end='')"
    env = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    again = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, check=True, text=True, capture_output=True
    )
    assert again.stdout == (folder / "blend.v").read_text()
