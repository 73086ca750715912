# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from hwgen.tools.cache import cache_root, cache_size, cached, clean_cache, trim_cache


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HWGEN_CACHE", str(tmp_path / "cache"))


def _entry(name: str, size: int, *, idle_seconds: int = 0) -> Path:
    folder = cached("kind", name, lambda made: (made / "data").write_bytes(bytes(size)))
    os.utime(folder, (time.time() - idle_seconds,) * 2)
    return folder


def test_an_entry_is_made_once():
    made = []
    for _ in range(2):
        cached("kind", "key", made.append)
    assert len(made) == 1


def test_a_failed_entry_leaves_nothing_behind():
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached("kind", "key", fail)
    assert list((cache_root() / "kind").iterdir()) == []


def test_the_slower_of_two_processes_takes_the_entry_of_the_faster():
    def overtaken(folder: Path) -> None:
        (folder / "mine").touch()
        cached("kind", "key", lambda other: (other / "theirs").touch())

    assert [path.name for path in cached("kind", "key", overtaken).iterdir()] == ["theirs"]


def test_the_entries_idle_for_longest_go_first():
    old, older, fresh = (
        _entry("old", 100, idle_seconds=8000),
        _entry("older", 100, idle_seconds=9000),
        _entry("new", 100),
    )
    trim_cache(limit=200)
    assert (old.exists(), older.exists(), fresh.exists()) == (True, False, True)


def test_an_entry_in_use_stays_even_above_the_limit():
    fresh = _entry("new", 100)
    trim_cache(limit=0)
    assert fresh.exists()


def test_the_abandoned_work_of_a_killed_process_is_removed():
    _entry("unfinished-xyz", 10, idle_seconds=8000)
    trim_cache()
    assert cache_size() == 0


def test_cleaning_frees_what_was_there_and_touches_nothing_else():
    _entry("a", 100)
    foreign = cache_root() / "notes.txt"
    foreign.write_text("mine")
    assert clean_cache() == 100
    assert cache_size() == 0 and foreign.exists()
