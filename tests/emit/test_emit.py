# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from tests.emit.conftest import ROOT, build_elsewhere


def _files(bundle: Path) -> dict[str, bytes]:
    return {str(p.relative_to(bundle)): p.read_bytes() for p in sorted(bundle.rglob("*")) if p.is_file()}


def test_the_same_model_gives_the_same_bytes_whoever_builds_it_and_where(cnn: Path, tmp_path: Path) -> None:
    other = build_elsewhere(ROOT / "examples/digits_cnn.onnx", tmp_path / "with a space" / "b", tmp_path, 12345, 2)
    first, second = _files(cnn), _files(other)
    assert len(first) > 30 and first.keys() == second.keys()
    assert [path for path in first if first[path] != second[path]] == []


def test_no_file_of_a_bundle_knows_where_it_was_made(cnn: Path) -> None:
    assert [path for path, data in _files(cnn).items() if str(ROOT).encode() in data or b"/tmp/" in data] == []
