# SPDX-License-Identifier: Apache-2.0
"""``hwgen report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwgen.commands.answer import console, print_json, progress, table
from hwgen.commands.options import AsJson, BundleFolder
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.reports.report import Measure, Report


def report(
    folder: BundleFolder,
    target: Annotated[str | None, typer.Option(help="Default: the target it was planned for.")] = None,
    pnr: Annotated[bool, typer.Option("--pnr/--no-pnr", help="Place and route as well.")] = True,
    seed: Annotated[
        list[int] | None, typer.Option("--seed", metavar="S", help="Of the placer; several: the median.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure cells and clock with Yosys and nextpnr, and write the report with predictions beside measurements."""
    from hwgen import api

    with progress() as say:
        made = api.report(folder, target=target, pnr=pnr, seeds=seed or (1,), progress=say)
    page = folder / "reports" / "report.html"
    if as_json:
        print_json({"ok": True, "report": str(page), **made.to_json()})
    else:
        _show(made, page)


def _show(made: Report, page: Path) -> None:
    for note in made.notes:
        print(f"note: {note}")
    fmax = "" if made.fmax_mhz is None else f", Fmax {made.fmax_mhz:.1f} MHz (asked for {made.clock_mhz:g})"
    print(f"{made.name} on {made.target}: {numbers.rate(made.fps)} frames a second{fmax}\n")
    rows = table("", "predicted", "measured", "error", "available")
    for name, measure in made.timing.items():
        rows.add_row(f"{name.replace('_', ' ')}, cycles", *_measured(measure), "")
    for name, label in (("luts", "LUT"), ("ffs", "FF"), ("dsps", "DSP"), ("brams", "RAM")):
        rows.add_row(label, *_measured(made.area[name]), numbers.count(made.available.get(name)))
    console().print(rows)
    print()
    stages = table("stage", "operator", "cycles", "busy", "LUT", "DSP", "RAM")
    for stage in made.stages:
        area = (_both(stage.area[name]) for name in ("luts", "dsps", "brams"))
        stages.add_row(stage.name, stage.operator, numbers.count(stage.cycles), numbers.percent(stage.share), *area)
    stages.add_row("between the stages", "", "", "", *(_both(made.between[name]) for name in ("luts", "dsps", "brams")))
    console().print(stages)
    print(f"\nreport: {page}")


def _measured(measure: Measure) -> tuple[str, str, str]:
    return numbers.count(measure.predicted), numbers.count(measure.measured), numbers.error(measure)


def _both(measure: Measure) -> str:
    if measure.measured is None:
        return numbers.count(measure.predicted)
    return f"{numbers.count(measure.predicted)} / {numbers.count(measure.measured)}"
