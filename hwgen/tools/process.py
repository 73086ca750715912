# SPDX-License-Identifier: Apache-2.0
"""Running another program: in a process group of its own, which ends when hwgen ends, with its log in every error."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from hwgen.errors import InternalError, UserError

LOG_TAIL_LINES = 15
_GRACE_SECONDS = 2.0


class ToolFailed(InternalError):
    """A program that ended with an error. `log`: everything it printed; `returncode`: negative for a signal."""

    def __init__(self, tool: str, returncode: int, log: str):
        self.tool, self.returncode, self.log = tool, returncode, log
        super().__init__(f"{tool} failed with exit code {returncode}; the end of its log:\n{log_tail(log)}")


def log_tail(log: str, lines: int = LOG_TAIL_LINES) -> str:
    """The last lines of a log, indented by two spaces."""
    return "\n".join(f"  {line}" for line in log.rstrip().splitlines()[-lines:])


def run_tool(
    command: Sequence[str | Path],
    *,
    tool: str,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    deadline_seconds: float | None = None,
) -> str:
    """Run `command` in the folder `cwd` and return what it printed on both outputs.

    Errors: ToolFailed if it ends with another code than 0, UserError if it is not done by the deadline. On these, on
    Ctrl-C and on any other exception its whole process group is ended first.
    """
    environment = os.environ if env is None else env
    process = subprocess.Popen(
        [str(part) for part in command], cwd=cwd, env=dict(environment), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", start_new_session=True,
    )  # fmt: skip
    try:
        log, _ = process.communicate(timeout=deadline_seconds)
    except subprocess.TimeoutExpired as expired:
        raise UserError.of(
            tool, "not done by its deadline",
            found=f"still running after {deadline_seconds:g} s", expected="an end before the deadline",
            fix="allow more seconds, or make the design smaller",
        ) from expired  # fmt: skip
    finally:
        _end_group(process)
    if process.returncode != 0:
        raise ToolFailed(tool, process.returncode, log)
    return log


def _end_group(process: subprocess.Popen[str]) -> None:
    """End what is left of the group: the process itself, or children that outlived it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE_SECONDS)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
