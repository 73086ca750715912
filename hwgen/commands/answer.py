# SPDX-License-Identifier: Apache-2.0
"""How a command answers: one JSON document on stdout, or text for people; progress goes to stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from hwgen.commands.interrupts import raise_if_requested
from hwgen.errors import Blocker, UserError
from hwgen.progress import Progress

SCHEMA_VERSION = 1
"""Of the documents that commands print; docs/json.md lists their keys."""


def print_json(document: Mapping[str, object]) -> None:
    """One JSON document on stdout, with the version of its schema in front."""
    print(json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2))


def failure_document(error: UserError) -> dict[str, object]:
    return {"ok": False, "blockers": [blocker_document(b) for b in error.blockers]}


def blocker_document(blocker: Blocker) -> dict[str, str]:
    names = ("node", "op", "where", "what", "found", "expected", "fix")
    return {name: getattr(blocker, name) for name in names}


def console() -> Console:
    """Where text for people goes. Wide enough for tables where there is no terminal."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else 120, soft_wrap=False)


def table(*columns: str, title: str | None = None) -> Table:
    """A plain table: the first column to the left, numbers to the right."""
    result = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for k, name in enumerate(columns):
        result.add_column(name, justify="left" if k == 0 else "right", overflow="fold")
    return result


@contextmanager
def progress() -> Iterator[Progress]:
    """Shows each step on stderr: a moving bar on a terminal, else a line with the time since the start.

    Each step first asks whether a signal wants the command to end.
    """
    with _bars() if sys.stderr.isatty() else nullcontext(_Lines()) as show:

        def step_or_stop(step: str, done: int = 0, total: int = 0) -> None:
            raise_if_requested()
            show(step, done, total)

        yield step_or_stop


@contextmanager
def _bars() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(24), TextColumn("{task.fields[count]}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task("starting", total=None, count="")

        def show(step: str, done: int = 0, total: int = 0) -> None:
            count = f"{done} of {total}" if total else ""
            bars.update(task, description=step, completed=done, total=total or None, count=count)

        yield show


class _Lines:
    def __init__(self) -> None:
        self._begin, self._step = time.monotonic(), ""

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        if step != self._step:
            print(f"[{time.monotonic() - self._begin:6.1f} s] {step}", file=sys.stderr, flush=True)
        self._step = step
