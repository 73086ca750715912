# SPDX-License-Identifier: Apache-2.0
"""docs/measured.json: what the acceptance run measured, updated entry by entry so that a run can be resumed."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "docs" / "measured.json"
MODELS = ROOT.parent / "shared" / "models"


def note(section: str, key: str, values: dict[str, Any]) -> None:
    """Stores `values` under ``section.key``."""
    document = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    document.setdefault(section, {}).setdefault(key, {}).update(values)
    unfinished = MEASURED.with_suffix(".part")
    unfinished.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
    unfinished.replace(MEASURED)


def hwgen(*words: object) -> tuple[dict[str, Any], float]:
    """(answer of ``hwgen ... --json``, seconds)."""
    begin = time.monotonic()
    command = [sys.executable, "-m", "hwgen", *map(str, words), "--json"]
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    assert done.returncode == 0, f"hwgen {' '.join(map(str, words))}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return json.loads(done.stdout), time.monotonic() - begin


def peak_megabytes() -> float:
    """The largest memory of any child process so far."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
