# SPDX-License-Identifier: Apache-2.0
"""The command line of the benchmarks: one command for each comparison, --all for the page of results."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.mvu import mvu
from benchmarks.row import AnyRow, markdown
from benchmarks.sparse import sparse
from benchmarks.spatial import spatial
from hwgen.errors import HwgenError

COMMANDS: dict[str, Callable[[Sequence[int], str], Iterator[AnyRow]]] = {
    "mvu": mvu,
    "spatial": spatial,
    "sparse": sparse,
}
RESULTS = Path(__file__).with_name("results.md")


def main(words: Sequence[str] | None = None) -> None:
    """Exit codes: 0; 1 where a tool is missing or a row is not exact; 2 for wrong words."""
    parser = _parser()
    options = parser.parse_args(words)
    if bool(options.command) == options.all:
        parser.error("name one comparison, or --all")
    seeds = tuple(range(1, options.seeds + 1))
    try:
        tables = {
            name: list(COMMANDS[name](seeds, options.only))
            for name in ([options.command] if options.command else COMMANDS)
        }
    except HwgenError as error:
        sys.exit(str(error))
    rows = [row for table in tables.values() for row in table]
    if options.json:
        print(json.dumps({"rows": [row.to_json() for row in rows]}, indent=2))
    else:
        print("\n".join(markdown(table) for table in tables.values()))
    if options.all and not options.only:
        RESULTS.write_text(results(tables), encoding="utf-8")
    if any(row.exact is False for row in rows):
        sys.exit("a design is not exact")


def results(tables: dict[str, list[AnyRow]]) -> str:
    """The page of results."""
    chapters = [f"## {name}\n\n{markdown(rows)}" for name, rows in tables.items()]
    return (
        "<!-- SPDX-License-Identifier: Apache-2.0 -->\n# Results\n\nWritten by `python -m benchmarks --all`; README.md says what the columns are.\n\n"
        + "\n".join(chapters)
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", nargs="?", choices=COMMANDS, help="the comparison")
    parser.add_argument("--all", action="store_true", help="every comparison; writes benchmarks/results.md")
    parser.add_argument("--json", action="store_true", help="rows as one JSON document")
    parser.add_argument("--seeds", type=int, default=3, metavar="N", help="place and route with N seeds; 0: not at all")
    parser.add_argument("--only", default="", metavar="TEXT", help="rows whose name or target contains TEXT")
    return parser
