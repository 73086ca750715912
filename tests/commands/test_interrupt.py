# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C in the middle of long work, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.conftest import EXAMPLES, MLP

ROOT = EXAMPLES.parent


def _interrupted(words: list[str], step: str, cache: Path, with_signal: int = signal.SIGINT) -> tuple[int, str]:
    """(exit code, stderr) of a command that got a signal once it said that it is at `step`."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HWGEN_CACHE": str(cache)}
    with subprocess.Popen(
        [sys.executable, "-m", "hwgen", *words], env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        text = ""
        while step not in text:
            line = process.stderr.readline()
            assert line, f"ended before '{step}': {text}"
            text += line
        time.sleep(0.1)
        process.send_signal(with_signal)
        text += process.communicate(timeout=300)[1]
    return process.returncode, text


def _processes_in(folder: Path) -> list[str]:
    """Command lines of the processes that mention `folder`."""
    lines = [p.read_bytes().replace(b"\0", b" ").decode() for p in Path("/proc").glob("[0-9]*/cmdline") if _readable(p)]
    return [line for line in lines if str(folder) in line and "pytest" not in line]


def _readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


@pytest.mark.parametrize(("step", "sent"), [("planning", signal.SIGINT), ("writing Verilog", signal.SIGTERM)])
def test_an_interrupted_build_leaves_nothing_behind(tmp_path: Path, step: str, sent: int) -> None:
    words = ["build", str(MLP), "-o", str(tmp_path / "out" / "b"), "--fps", "1000"]
    code, text = _interrupted(words, step, tmp_path / "cache", sent)
    assert code == 130 and "interrupted; nothing half-written is left behind" in text
    assert "Traceback" not in text and list(tmp_path.rglob("out/*")) == []


def test_an_interrupted_build_leaves_the_earlier_bundle_as_it_was(tmp_path: Path, bundle: Path) -> None:
    before = {p: p.read_bytes() for p in bundle.rglob("*") if p.is_file()}
    code, _ = _interrupted(["build", str(MLP), "-o", str(bundle), "--fps", "1000"], "writing", tmp_path / "cache")
    assert code == 130
    assert {p: p.read_bytes() for p in bundle.rglob("*") if p.is_file()} == before
    assert [p.name for p in bundle.parent.iterdir() if p.name != "cache"] == [bundle.name]


@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks into /proc")
def test_an_interrupted_simulation_ends_its_compiler(tmp_path: Path, bundle: Path) -> None:
    code, text = _interrupted(["sim", str(bundle)], "compiling", tmp_path / "cache")
    assert code == 130 and "Traceback" not in text
    time.sleep(0.2)
    assert _processes_in(tmp_path) == []
    assert not list((tmp_path / "cache").rglob("unfinished-*"))


LOSES_THE_EXCEPTION = """
import os, signal
from hwgen.commands.answer import progress
from hwgen.commands.interrupts import listen

class Destroyed:
    def __del__(self):
        os.kill(os.getpid(), signal.{sent})
        print("in the destructor", flush=True)

listen()
with progress() as say:
    say("first")
    Destroyed()
    say("second")
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_a_destructor_stops_the_next_step(sent: signal.Signals) -> None:
    """Python drops what is raised there, and the work would go on to its end."""
    program = LOSES_THE_EXCEPTION.format(sent=sent.name)
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "first" in done.stderr and "second" not in done.stderr and not done.stdout
    assert "Exception ignored" not in done.stderr and done.stderr.rstrip().endswith("KeyboardInterrupt")
