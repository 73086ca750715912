# SPDX-License-Identifier: Apache-2.0
"""How long work says where it is, without knowing who listens."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called at the start of each step and, where a step can be counted, again as it goes on.

    step: what is being done, as in "simulating"; done, total: how far it is, total 0 where nobody knows.
    """

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None: ...


def silent(step: str, done: int = 0, total: int = 0) -> None:
    """Nobody listens."""
