# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
from pathlib import Path

import pytest

from hwgen.errors import UserError
from hwgen.reports.documents import read_documents, synthesis_path
from tests.reports import documents as made_up


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    (tmp_path / "reports").mkdir()
    files = {"manifest.json": made_up.manifest(), "plan.json": made_up.plan(), "reports/sim.json": made_up.simulation()}
    for name, document in {**files, synthesis_path("ecp5-25k"): made_up.synthesis()}.items():
        (tmp_path / name).write_text(json.dumps(document))
    return tmp_path


def test_what_lies_in_a_bundle_is_read(bundle: Path) -> None:
    documents = read_documents(bundle)
    assert documents.simulation == made_up.simulation() and documents.synthesis == made_up.synthesis()
    assert documents.exactness is None and read_documents(bundle, "xcup").synthesis is None


@pytest.mark.parametrize(
    ("name", "found"), [("manifest.json", "no manifest.json in it"), ("plan.json", "no plan.json")]
)
def test_a_folder_that_is_no_bundle_is_refused(bundle: Path, name: str, found: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(UserError, match=found):
        read_documents(bundle)


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="found:    no such folder"):
        read_documents(tmp_path / "missing")


def test_a_newer_schema_is_refused(bundle: Path) -> None:
    (bundle / "plan.json").write_text(json.dumps(made_up.plan() | {"schema_version": 2}))
    with pytest.raises(UserError, match=r"written by a newer hwgen\n  found:    schema_version 2"):
        read_documents(bundle)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema_version": "x"}', "\x00"])
def test_a_damaged_document_is_refused(bundle: Path, text: str) -> None:
    (bundle / "manifest.json").write_text(text)
    with pytest.raises(UserError, match="the file is damaged"):
        read_documents(bundle)
