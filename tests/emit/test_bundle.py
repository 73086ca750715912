# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.emit.bundle import Bundle
from hwgen.errors import UserError

MANIFEST = b'{"hwgen": "0.1.0"}'


def test_a_bundle_replaces_an_earlier_one_whole(tmp_path: Path) -> None:
    Bundle("a", {"manifest.json": MANIFEST, "rtl/old.v": b"x"}).write(tmp_path / "out")
    Bundle("a", {"manifest.json": MANIFEST, "rtl/new.v": b"y"}).write(tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out" / "rtl").iterdir()) == ["new.v"]
    assert [p.name for p in tmp_path.iterdir()] == ["out"], "temporary folders stay behind"


def test_a_folder_that_is_no_bundle_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UserError, match="cannot be written"):
        Bundle("a", {"manifest.json": MANIFEST}).write(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot be written"):
        Bundle("a", {"manifest.json": MANIFEST}).write(tmp_path / "file" / "out")


def test_a_failed_write_leaves_the_earlier_bundle(tmp_path: Path) -> None:
    Bundle("a", {"manifest.json": MANIFEST}).write(tmp_path / "out")
    with pytest.raises(UserError):
        Bundle("a", {"manifest.json": b"2", "manifest.json/x": b""}).write(tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").read_bytes() == MANIFEST
