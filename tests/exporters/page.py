# SPDX-License-Identifier: Apache-2.0
"""docs/exporters.md, and its table in README.md."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from tests.exporters.exporters import EXPORTERS, Exporter
from tests.exporters.nets import OPERATORS
from tests.exporters.outcome import Outcome

ROOT = Path(__file__).resolve().parents[2]
PAGE, README = ROOT / "docs" / "exporters.md", ROOT / "README.md"
BEGIN, END = "<!-- exporters: written by make acceptance -->\n", "<!-- end of exporters -->\n"
Outcomes = Mapping[tuple[str, str, int], Outcome]
HEAD = """<!-- SPDX-License-Identifier: Apache-2.0; written by make acceptance -->
# What exporters write, and what becomes of it

One small net an operator, spelled by each exporter, through the whole flow. **RTL**: golden equals the oracle (certified ties
apart) and the simulated hardware equals golden, in the cycles predicted. **host**: nothing of it is hardware. A number is a
footnote: why it is refused. "–": the exporter does not write it in that opset. Exporters in *italics* are not run here: their nets are
written in the form that they are known to emit. The others are run (onnxruntime {version}).

"""


def write_pages(outcomes: Outcomes) -> None:
    PAGE.write_text(page(outcomes), encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    README.write_text(before + BEGIN + compact(outcomes) + END + rest.split(END)[1], encoding="utf-8")


def page(outcomes: Outcomes) -> str:
    notes: dict[str, int] = {}
    rows = [f"| exporter | opset | {' | '.join(OPERATORS)} |", f"|---|---:|{'---|' * len(OPERATORS)}"]
    for exporter in EXPORTERS:
        for opset in exporter.opsets:
            found = [outcomes[exporter.name, operator, opset] for operator in OPERATORS]
            rows.append(f"| {_name(exporter)} | {opset} | {' | '.join(_cell(o, notes) for o in found)} |")
    lines = [f"{number}. {reason}" for reason, number in notes.items()]
    return HEAD.format(version=version("onnxruntime")) + "\n".join(rows) + "\n\n" + "\n".join(lines) + "\n"


def compact(outcomes: Outcomes) -> str:
    """A row an exporter: how many of the nets become hardware, and which do not."""
    rows = ["| exporter | opsets | nets in hardware | not |", "|---|---|---:|---|"]
    for exporter in EXPORTERS:
        written = {k: o for k, o in outcomes.items() if k[0] == exporter.name and o.status != "not exported"}
        good = sum(o.status == "RTL" for o in written.values())
        bad = list(dict.fromkeys(operator for (_, operator, _), o in written.items() if o.status != "RTL"))
        short = "all: scales at run time" if not good else ", ".join(bad) or "–"
        opsets = ", ".join(map(str, exporter.opsets))
        rows.append(f"| {_name(exporter)} | {opsets} | {good} of {len(written)} | {short} |")
    return "\n".join(rows) + "\n"


def _name(exporter: Exporter) -> str:
    return exporter.name if exporter.real else f"*{exporter.name}*"


def _cell(outcome: Outcome, notes: dict[str, int]) -> str:
    if outcome.status in ("RTL", "host"):
        return outcome.status
    if outcome.status == "not exported":
        return "–"
    return str(notes.setdefault(outcome.reason.replace("|", "/"), len(notes) + 1))
