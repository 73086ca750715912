# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C and a request to end, also where Python drops the exception.

An exception that a signal raises inside a destructor or a callback from C (Numba's compiler has such) is printed or lost,
and the work goes on (the Python documentation of `signal`, "Note on signal handlers and exceptions"). So the request is
kept, and each step of the work asks for it.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import NoReturn

_requests: list[int] = []


def listen() -> None:
    """From here on SIGINT and SIGTERM end the command: children are ended, unfinished files removed."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not where the shell has it ignored
        signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    sys.unraisablehook = _without_interrupts


def raise_if_requested() -> None:
    """Raise KeyboardInterrupt if a signal came whose exception was lost."""
    if _requests:
        raise KeyboardInterrupt


def _without_interrupts(dropped: sys.UnraisableHookArgs) -> None:
    """Python's own report of a dropped exception, but for those that the next step raises again."""
    if dropped.exc_type is not KeyboardInterrupt:
        sys.__unraisablehook__(dropped)


def _stop(signum: int, frame: FrameType | None) -> NoReturn:
    _requests.append(signum)
    raise KeyboardInterrupt
