# SPDX-License-Identifier: Apache-2.0
"""docs/json.md lists the keys of every document."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from hwgen.reports.make_report import make_report
from hwgen.simulation.result import SimResult
from tests.commands.conftest import EXAMPLES, MLP, Run
from tests.reports.documents import documents

PAGE = (EXAMPLES.parent / "docs/json.md").read_text(encoding="utf-8")
ALWAYS = {"schema_version", "ok"}


def _documented(title: str) -> set[str]:
    """The names in backquotes of a section, brackets taken off."""
    section = next(part for part in re.split(r"^## ", PAGE, flags=re.M) if part.startswith(title))
    return {re.split(r"[\[{]", name)[0] for name in re.findall(r"`([^`]+)`", section)} | ALWAYS


PLAN = ("--target", "ecp5-25k", "--fps", 1000)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("check", (MLP,)),
        ("run", (MLP, "--inputs", MLP.with_suffix(".npz"))),
        ("trace", (MLP, "fc1", *PLAN)),
        ("build", (MLP, "-o", "out", *PLAN)),
        ("doctor", ()),
    ],
)
def test_every_key_of_a_document_is_documented(
    run: Run, command: str, words: tuple, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.chdir(str(tmp_path))
    _, document, _ = run(command, *words, json=True)
    names = set(document)
    for key in ("stages", "nodes", "inputs", "tools"):
        names |= {name for entry in document.get(key, [])[:1] for name in entry}
    assert names - _documented(f"`hwgen {command}`") == set()


def test_every_key_of_a_simulation_and_a_report_is_documented() -> None:
    assert {field.name for field in fields(SimResult)} - _documented("`hwgen sim`") == set()
    assert set(make_report(documents()).to_json()) - _documented("`hwgen report`") == set()
