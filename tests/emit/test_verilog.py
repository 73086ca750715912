# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from hwgen.tools.process import ToolFailed
from tests.emit.conftest import ROOT
from tests.lint import check_in_yosys, lint

NEVER_WAIVED = {
    "LATCH", "MULTIDRIVEN", "UNDRIVEN", "UNOPTFLAT", "CASEINCOMPLETE", "PINMISSING", "IMPLICIT", "SYNCASYNCNET"
}  # fmt: skip


@pytest.mark.parametrize("name", ["cnn", "two_inputs", "resize"])
def test_emitted_verilog_has_no_warning_that_is_not_waived_and_passes_the_checks_of_yosys(
    name: str, request: pytest.FixtureRequest
) -> None:
    bundle: Path = request.getfixturevalue(name)
    assert lint(bundle) == []
    assert "Found and reported 0 problems" in check_in_yosys(bundle)


def test_the_waivers_are_few_and_none_of_them_hides_a_fault() -> None:
    lines = (ROOT / "sim/lint.vlt").read_text().splitlines()
    waived = {k: re.fullmatch(r"lint_off -rule (\w+)", line) for k, line in enumerate(lines) if "lint_off" in line}
    assert waived and all(waived.values()), "a waiver names one rule"
    assert all(lines[k - 1].startswith("// ") for k in waived), "every waiver has a reason"
    rules = {match[1] for match in waived.values() if match}
    assert len(rules) <= 4 and not rules & NEVER_WAIVED


@pytest.mark.parametrize(
    ("fault", "rule"),
    [
        ("wire open; assign frame_error_2 = open;", "UNDRIVEN"),
        ("reg held; always @* if (aresetn) held = aclk; assign frame_error_2 = held;", "LATCH"),
    ],
)
def test_a_fault_in_the_verilog_is_found(two_inputs: Path, tmp_path: Path, fault: str, rule: str) -> None:
    copy = Path(shutil.copytree(two_inputs, tmp_path / "b"))
    top = copy / "rtl/tiny.v"
    top.write_text(re.sub(r"(module tiny \(.*?\);)", rf"\1 wire frame_error_2; {fault}", top.read_text(), flags=re.S))
    assert any(rule in warning for warning in lint(copy))


def test_a_loop_is_found_by_yosys(two_inputs: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(two_inputs, tmp_path / "b"))
    top = copy / "rtl/tiny.v"
    top.write_text(
        re.sub(r"(module tiny \(.*?\);)", r"\1 wire turn; assign turn = turn ^ aclk;", top.read_text(), flags=re.S)
    )
    with pytest.raises(ToolFailed):
        check_in_yosys(copy)
