# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

import jinja2
import pytest

from hwgen import assets


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Assets of a wheel instead of the checkout's."""
    (tmp_path / "assets/templates").mkdir(parents=True)
    (tmp_path / "assets/sim/deep").mkdir(parents=True)
    monkeypatch.setattr(assets, "_HERE", tmp_path)
    return tmp_path / "assets"


def test_the_checkout_has_its_assets_beside_the_package() -> None:
    assert assets.assets_folder("templates").is_dir() and assets.assets_folder("sim").is_dir()


def test_the_bench_is_listed_by_relative_path(folder: Path) -> None:
    (folder / "sim/deep/a.v").write_bytes(b"module a;")
    assert assets.bench_files() == {"deep/a.v": b"module a;"}


def test_a_template_that_asks_for_an_unknown_name_fails(folder: Path) -> None:
    (folder / "templates/t.md.j2").write_text("{{ known }} {{ unknown }}")
    with pytest.raises(jinja2.UndefinedError, match="unknown"):
        assets.render("t.md.j2", known=1)


def test_html_is_escaped_and_markdown_is_not(folder: Path) -> None:
    for kind in ("html", "md"):
        (folder / f"templates/t.{kind}.j2").write_text("{{ x }}")
    assert assets.render("t.html.j2", x="<a>") == "&lt;a&gt;"
    assert assets.render("t.md.j2", x="<a>") == "<a>"


def test_an_installation_without_assets_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "_HERE", tmp_path / "package")
    with pytest.raises(assets.InternalError, match="without its folder sim"):
        assets.assets_folder("sim")
