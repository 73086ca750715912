# SPDX-License-Identifier: Apache-2.0
"""``hwgen doctor``."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from hwgen.commands.answer import console, print_json, table
from hwgen.commands.options import AsJson


def doctor(
    clean: Annotated[bool, typer.Option("--clean", help="Empty the cache.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing unless something is missing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which tools are there, in which versions, and what to install. Exits with 1 if something is missing."""
    from hwgen.flow.diagnose import clean_cache, diagnose, missing

    freed = clean_cache() if clean else None
    findings = diagnose()
    absent = missing(findings)
    if as_json:
        rows = [{**asdict(finding), "ok": finding.found is not None} for finding in findings]
        print_json({"ok": not absent, "tools": rows, **({} if freed is None else {"freed_bytes": freed})})
    elif absent or not quiet:
        lines = table("tool", "version", "needed for", "to get it")
        for column in lines.columns:
            column.justify = "left"
        for finding in absent if quiet else findings:
            found = finding.found or ("MISSING" if finding.required else "not there")
            lines.add_row(finding.name, found, finding.needed_for, "" if finding.found else finding.install)
        console().print(lines)
        if freed is not None:
            print(f"cache emptied: {freed / 2**20:.0f} MB")
    if absent:
        raise typer.Exit(1)
