# SPDX-License-Identifier: Apache-2.0
"""What hwgen makes of each exporter's spelling of each operator; the pages of it are written by the acceptance run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.record import note
from tests.exporters.exporters import EXPORTERS, Exporter
from tests.exporters.nets import OPERATORS
from tests.exporters.outcome import Outcome, outcome
from tests.exporters.page import BEGIN, END, PAGE, README, compact, page, write_pages

QUICK = ("Conv", "Add", "Softmax", "Concat")


@pytest.mark.parametrize("exporter", EXPORTERS, ids=lambda exporter: exporter.name)
def test_some_nets_of_every_exporter_are_as_the_page_says(exporter: Exporter, tmp_path: Path) -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.strip("| *").startswith(exporter.name)]
    row = next(line for line in rows if f"| {exporter.opsets[-1]} |" in line)
    cells = dict(zip(OPERATORS, [cell.strip() for cell in row.split("|")[3:-1]], strict=True))
    for operator in QUICK:
        found = outcome(exporter, operator, exporter.opsets[-1], tmp_path)
        said = cells[operator]
        assert {"RTL": "RTL", "host": "host", "not exported": "–"}.get(found.status, "note") == (
            said if not said.isdigit() else "note"
        ), (operator, found)


def test_the_readme_has_the_table() -> None:
    table = README.read_text().split(BEGIN)[1].split(END)[0]
    assert all(exporter.name in table and exporter.name in PAGE.read_text() for exporter in EXPORTERS)


def test_a_refusal_is_a_footnote() -> None:
    found = {
        (e.name, op, opset): Outcome("refused", "why") for e in EXPORTERS for op in OPERATORS for opset in e.opsets
    }
    assert page(found).endswith("\n1. why\n")
    assert f"| 0 of {len(OPERATORS)} |" in compact(found)


@pytest.mark.acceptance
def test_no_exporter_is_computed_wrong(tmp_path: Path) -> None:
    found = {
        (exporter.name, operator, opset): outcome(exporter, operator, opset, tmp_path)
        for exporter in EXPORTERS
        for operator in OPERATORS
        for opset in exporter.opsets
    }
    counts = {s: sum(o.status == s for o in found.values()) for s in ("RTL", "host", "refused", "not exported")}
    note("exporters", "nets", counts)
    assert {key: o for key, o in found.items() if o.status == "wrong"} == {}
    write_pages(found)
