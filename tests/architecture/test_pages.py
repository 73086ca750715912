# SPDX-License-Identifier: Apache-2.0
"""Every operator family is in the catalog and has its page; every source names its licence and no machine's paths."""

from __future__ import annotations

import re

import pytest

from tests.architecture.sources import PACKAGES, ROOT, SCRIPTS, python_files

FAMILIES = sorted(f.parent.name for f in (ROOT / "hwgen/kernels").glob("*/kernel.py"))
TEXTS = [
    f
    for folder in (*PACKAGES, *SCRIPTS, "templates", "docs", "tests", "benchmarks")
    for f in sorted((ROOT / folder).rglob("*"))
    if f.suffix in {".py", ".md", ".j2", ".v", ".json", ".html"} and "__pycache__" not in f.parts
]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_in_the_catalog(family: str) -> None:
    catalog = (ROOT / "hwgen/kernels/catalog.py").read_text(encoding="utf-8")
    assert f"hwgen.kernels.{family}.kernel" in catalog


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_has_a_page_that_lists_its_killed_mutants(family: str) -> None:
    page = (ROOT / f"docs/kernels/{family}.md").read_text(encoding="utf-8")
    assert "mutant" in page.lower()


def test_every_source_names_its_licence_in_the_first_line() -> None:
    sources = python_files(*PACKAGES, *SCRIPTS, "tests")
    filled = [f for f in sources if f.stat().st_size]
    silent = [str(f.relative_to(ROOT)) for f in filled if "SPDX-License-Identifier" not in f.open().readline()]
    assert silent == []


def test_no_text_holds_an_absolute_path_of_a_machine() -> None:
    path = re.compile(r"(?<![\w.])/(home|root|work|Users)/")
    guilty = [
        str(f.relative_to(ROOT)) for f in TEXTS if f.name != "test_pages.py" and path.search(f.read_text("utf-8"))
    ]
    assert guilty == []


def test_no_source_says_that_it_is_unfinished() -> None:
    words = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    sources = [f for f in python_files(*PACKAGES, *SCRIPTS, "tests") if f.name != "test_pages.py"]
    assert [str(f.relative_to(ROOT)) for f in sources if words.search(f.read_text("utf-8"))] == []
