# SPDX-License-Identifier: Apache-2.0
"""The text files that come with hwgen: templates of reports and bundles, and the bench that goes into every bundle.

In a wheel they lie in hwgen/assets; in a checkout they are the folders templates/ and sim/ beside hwgen.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from hwgen.errors import InternalError

if TYPE_CHECKING:
    import jinja2

_HERE = Path(__file__).resolve().parent


def assets_folder(name: str) -> Path:
    """The folder ``templates`` or ``sim``."""
    for folder in (_HERE / "assets" / name, _HERE.parent / name):
        if folder.is_dir():
            return folder
    raise InternalError(f"hwgen was installed without its folder {name}")


def bench_files() -> dict[str, bytes]:
    """What runs inside the simulator, by path relative to the bench's folder."""
    root = assets_folder("sim")
    files = sorted(p for p in root.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def render(template: str, **values: object) -> str:
    """A file of ``templates`` filled in; a name that the template asks for and nobody gives is an error."""
    return _environment(assets_folder("templates")).get_template(template).render(**values)


@cache
def _environment(folder: Path) -> jinja2.Environment:
    import jinja2

    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        undefined=jinja2.StrictUndefined,
        autoescape=jinja2.select_autoescape(("html.j2", "svg.j2")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
