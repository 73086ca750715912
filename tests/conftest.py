# SPDX-License-Identifier: Apache-2.0
"""Settings of the whole test suite; and acceptance tests that passed are not run again before the sources change."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from hwgen.tools.cache import cache_root

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ("hwgen", "onnx_frontend", "sim", "templates", "examples", "tests", "pyproject.toml", "Makefile")

# Machines that run the tests are slow and shared, so no deadline; the same examples in every run.
settings.register_profile("hwgen", deadline=None, derandomize=True)
settings.load_profile("hwgen")


@cache
def _state_of_the_sources() -> str:
    digest = hashlib.sha256()
    for name in SOURCES:
        place = ROOT / name
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and path.suffix != ".pyc":
                digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:24]


def _passed(item: pytest.Item) -> Path:
    """A file that is there once an acceptance test has passed with these very sources."""
    test = hashlib.sha256(item.nodeid.encode()).hexdigest()[:24]
    return cache_root() / "acceptance" / _state_of_the_sources() / test


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("acceptance") and _passed(item).exists():
        pytest.skip("passed already with these sources (hwgen doctor --clean forgets that)")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and report.passed and item.get_closest_marker("acceptance"):
        place = _passed(item)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.touch()
    return report
