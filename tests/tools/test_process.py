# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hwgen.errors import UserError
from hwgen.tools.process import ToolFailed, run_tool

# Starts a grandchild that would outlive it, and tells its process id.
_PARENT = "sleep 60 & echo $! > grandchild; wait"


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_the_output_of_both_channels_is_returned_in_order(tmp_path: Path):
    assert run_tool(["sh", "-c", "echo a; echo b >&2; echo c"], tool="sh", cwd=tmp_path) == "a\nb\nc\n"


def test_a_failure_shows_the_end_of_the_log(tmp_path: Path):
    with pytest.raises(ToolFailed) as error:
        run_tool(["sh", "-c", "seq 1 100; exit 3"], tool="counter", cwd=tmp_path)
    assert "counter failed with exit code 3" in str(error.value)
    assert str(error.value).splitlines()[1:] == [f"  {n}" for n in range(86, 101)]


def test_a_deadline_ends_the_grandchildren_too(tmp_path: Path):
    with pytest.raises(UserError, match="not done by its deadline"):
        run_tool(["sh", "-c", _PARENT], tool="sh", cwd=tmp_path, deadline_seconds=0.5)
    assert not _alive(int((tmp_path / "grandchild").read_text()))


def test_an_interrupt_ends_the_children(tmp_path: Path):
    script = f"from hwgen.tools.process import run_tool; run_tool(['sh','-c',{_PARENT!r}],tool='sh',cwd='.')"
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen(
        [sys.executable, "-c", script], cwd=tmp_path, env=os.environ | {"PYTHONPATH": root}, stderr=subprocess.DEVNULL
    )
    end = time.time() + 20
    while not (tmp_path / "grandchild").exists() or not (tmp_path / "grandchild").read_text():
        assert time.time() < end, "the child never started"
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    child.wait(20)
    assert not _alive(int((tmp_path / "grandchild").read_text()))
