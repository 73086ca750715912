# SPDX-License-Identifier: Apache-2.0
"""``hwgen doctor``."""

from __future__ import annotations

from typing import Annotated

import typer

from hwgen.commands.options import AsJson


def doctor(
    clean: Annotated[bool, typer.Option("--clean", help="Empty the cache.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which tools are there, in which versions, and what to install."""
