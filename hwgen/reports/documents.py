# SPDX-License-Identifier: Apache-2.0
"""The documents that lie in a bundle, read and checked for their schema."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.errors import UserError

SCHEMA_VERSION = 1
MANIFEST, PLAN = "manifest.json", "plan.json"
SIMULATION, EXACTNESS = "reports/sim.json", "reports/run.json"


@dataclass(frozen=True)
class Documents:
    """What a bundle knows about itself; None where that step was not run."""

    manifest: Mapping[str, Any]
    plan: Mapping[str, Any]
    simulation: Mapping[str, Any] | None = None
    synthesis: Mapping[str, Any] | None = None
    exactness: Mapping[str, Any] | None = None


def synthesis_path(target: str) -> str:
    """Where the result of synthesis for a target lies in a bundle."""
    return f"reports/synth-{target}.json"


def read_documents(folder: Path, target: str | None = None) -> Documents:
    """All documents of the bundle in `folder`; those of synthesis for `target` (default: the plan's).

    Raises UserError for a folder that is no bundle, a file that is damaged and a schema that is newer than this hwgen.
    """
    manifest, plan = _read(folder, MANIFEST), _read(folder, PLAN)
    if manifest is None or plan is None:
        raise UserError.of(
            str(folder), "this is not a bundle",
            found=f"no {MANIFEST if manifest is None else PLAN} in it" if folder.is_dir() else "no such folder",
            expected="a folder that `hwgen build` wrote", fix="hwgen build MODEL -o DIR",
        )  # fmt: skip
    synthesis = _read(folder, synthesis_path(target or plan["target"]))
    return Documents(manifest, plan, _read(folder, SIMULATION), synthesis, _read(folder, EXACTNESS))


def _read(folder: Path, name: str) -> dict[str, Any] | None:
    try:
        document = json.loads((folder / name).read_text(encoding="utf-8"))
        version = int(document["schema_version"])
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError.of(
            f"{folder / name}", "the file is damaged", found=f"{type(error).__name__}: {error}",
            expected="a document that hwgen wrote", fix="build the bundle again",
        ) from error  # fmt: skip
    if version > SCHEMA_VERSION:
        raise UserError.of(
            f"{folder / name}", "written by a newer hwgen", found=f"schema_version {version}",
            expected=f"schema_version {SCHEMA_VERSION} or less",
            fix="install that hwgen, or build the bundle again with this one",
        )  # fmt: skip
    return document


def write_document(folder: Path, name: str, document: Mapping[str, Any]) -> Path:
    """Put a JSON document into a bundle."""
    return write_text(folder, name, json.dumps(document, indent=2) + "\n")


def write_text(folder: Path, name: str, text: str) -> Path:
    """Put a file into a bundle: it appears whole, and what stood there stays until then."""
    place = folder / name
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        unfinished = place.with_name(f".{place.name}.{os.getpid()}")
        unfinished.write_text(text, encoding="utf-8")
        os.replace(unfinished, place)
    except OSError as error:
        raise UserError.of(
            f"{place}", "it cannot be written", found=error.strerror or error,
            expected="a bundle that can be written to", fix="check the permissions of the folder",
        ) from error  # fmt: skip
    return place
