# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.flow.diagnose import Finding
from tests.commands.conftest import Run

GOOD = Finding("g++", "12.2.0", "compiled simulation", "apt-get install g++")
GONE = Finding("make", None, "compiled simulation", "apt-get install make")
OPTIONAL = Finding("ccache", None, "faster builds", "apt-get install ccache", required=False)


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> list[Finding]:
    found = [GOOD, GONE, OPTIONAL]
    monkeypatch.setattr("hwgen.flow.diagnose.diagnose", lambda: found)
    return found


def test_what_is_missing_is_said_with_the_way_to_get_it(run: Run, findings: list[Finding]) -> None:
    code, text, _ = run("doctor")
    assert code == 1
    assert "12.2.0" in text and "MISSING" in text and "apt-get install make" in text
    assert "apt-get install g++" not in text


def test_with_nothing_missing_a_quiet_doctor_says_nothing(run: Run, findings: list[Finding]) -> None:
    findings.remove(GONE)
    assert run("doctor", "--quiet")[:2] == (0, "")
    assert run("doctor")[0] == 0


def test_a_quiet_doctor_names_only_what_is_missing(run: Run, findings: list[Finding]) -> None:
    code, text, _ = run("doctor", "--quiet")
    assert code == 1 and "make" in text and "g++" not in text and "ccache" not in text


def test_the_document_lists_every_tool(run: Run, findings: list[Finding]) -> None:
    code, document, _ = run("doctor", json=True)
    assert (code, document["ok"]) == (1, False)
    assert [(tool["name"], tool["ok"], tool["required"]) for tool in document["tools"]] == [
        ("g++", True, True), ("make", False, True), ("ccache", False, False),
    ]  # fmt: skip


def test_clean_empties_the_cache(run: Run, findings: list[Finding], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwgen.flow.diagnose.clean_cache", lambda: 3 << 20)
    assert run("doctor", "--clean")[1].endswith("cache emptied: 3 MB\n")
    assert run("doctor", "--clean", json=True)[1]["freed_bytes"] == 3 << 20
