# SPDX-License-Identifier: Apache-2.0
"""docs/measured.json: what the acceptance run measured, updated entry by entry so that a run can be resumed."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MEASURED = ROOT / "docs" / "measured.json"
MODELS = Path(os.environ.get("HWGEN_MODELS", ROOT.parent / "shared" / "models"))


def note(section: str, key: str, values: dict[str, Any]) -> None:
    """Stores `values` under ``section.key``, also with several processes at work."""
    with (Path(tempfile.gettempdir()) / "hwgen-measured.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        document = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
        document.setdefault(section, {}).setdefault(key, {}).update(values)
        unfinished = MEASURED.with_suffix(".part")
        unfinished.write_text(json.dumps(document, indent=2, sort_keys=True) + "\n")
        unfinished.replace(MEASURED)


@dataclass(frozen=True)
class Ran:
    """One command: its JSON answer, how long it took, CPU seconds of it and its children, and the largest process of these."""

    answer: dict[str, Any]
    seconds: float
    cpu_seconds: float
    peak_mb: float


def hwgen(*words: object) -> Ran:
    """``hwgen ... --json`` in a process of its own."""
    command = [sys.executable, "-m", "hwgen", *map(str, words), "--json"]
    with tempfile.TemporaryFile("w+") as answer, tempfile.TemporaryFile("w+") as said:
        begin = time.monotonic()
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, stdout=answer, stderr=said, cwd=ROOT, env=environment)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.monotonic() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (answer, said):
            file.seek(0)
        text = answer.read()
        assert process.returncode == 0, f"hwgen {' '.join(map(str, words))}: {text[-2000:]}{said.read()[-2000:]}"
    return Ran(json.loads(text), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
