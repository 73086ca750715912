# SPDX-License-Identifier: Apache-2.0
"""A bundle: everything that a build leaves behind, as bytes by relative path."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import UserError


@dataclass(frozen=True, eq=False)
class Bundle:
    """Relative path (with forward slashes) to contents."""

    name: str
    files: dict[str, bytes]

    def write(self, folder: Path) -> Path:
        """Writes all files, or nothing: into a temporary folder beside `folder`, which then takes its place.

        Raises UserError where the place cannot be written. What stood there before stays until the new one is whole.
        """
        folder = Path(folder).absolute()
        unfinished = _beside(folder)
        try:
            unfinished.chmod(0o755)
            for path, data in self.files.items():
                place = unfinished / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
                if data.startswith(b"#!"):
                    place.chmod(0o755)
            _replace(unfinished, folder)
        except OSError as error:
            raise _unwritable(folder, error) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return folder


def check_place(folder: Path) -> None:
    """Raises UserError now where `Bundle.write` would raise it after a long build. Leaves no folder behind."""
    folder = Path(folder).absolute()
    missing = [parent for parent in folder.parents if not parent.exists()]
    try:
        _beside(folder).rmdir()
    finally:
        for parent in missing:
            with contextlib.suppress(OSError):
                parent.rmdir()
    try:
        _refuse_foreign(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def _beside(folder: Path) -> Path:
    """A new temporary folder that can be renamed to `folder`."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error


def _replace(new: Path, place: Path) -> None:
    """Moves `new` to `place`; what was there is removed only once the new folder stands."""
    if not place.exists():
        os.rename(new, place)
        return
    _refuse_foreign(place)
    old = Path(tempfile.mkdtemp(prefix=f".{place.name}-old-", dir=place.parent))
    os.rename(place, old / "bundle")
    try:
        os.rename(new, place)
    except BaseException:
        os.rename(old / "bundle", place)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)


def _refuse_foreign(place: Path) -> None:
    """OSError where something stands that is neither a bundle nor empty."""
    if not place.exists():
        return
    if not place.is_dir():
        raise OSError("there is a file of this name; nothing was overwritten")
    if any(place.iterdir()) and not _is_bundle(place):
        raise OSError("the folder exists and is not a bundle; nothing was overwritten")


def _is_bundle(place: Path) -> bool:
    try:
        return "hwgen" in json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _unwritable(folder: Path, error: OSError) -> UserError:
    file = next((parent for parent in folder.parents if parent.is_file()), None)
    return UserError.of(
        f"output folder {folder.name}",
        "it cannot be written",
        found=f"{file} is a file" if file else error.strerror or str(error),
        expected="a folder that can be created, or an earlier bundle to replace",
        fix="choose another one with -o",
    )
