# SPDX-License-Identifier: Apache-2.0
"""Measures what a bundle's Verilog takes of a target, and writes the bundle's report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwgen.progress import Progress, silent
from hwgen.reports.documents import Documents, read_documents, synthesis_path, write_document, write_text
from hwgen.reports.html import report_html
from hwgen.reports.make_report import make_report
from hwgen.reports.markdown import report_markdown
from hwgen.reports.report import Report
from hwgen.targets import Target

if TYPE_CHECKING:
    from hwgen.synth.synthesize import SynthResult

SCHEMA_VERSION = 1
CLOCK, RESET = "aclk", "aresetn"


def report_bundle(
    folder: Path,
    target: str | None = None,
    *,
    pnr: bool = True,
    seeds: Sequence[int] = (1,),
    progress: Progress = silent,
) -> Report:
    """Synthesize the bundle in `folder` (default: for the target it was planned for), place and route it once per
    seed, and leave report.html, report.md and report.json in its folder ``reports``.

    What an earlier call measured on the same Verilog is not measured again. Raises UserError.
    """
    documents = read_documents(folder, target)
    chosen = Target.named(target or documents.plan["target"])
    placing = pnr and bool(chosen.nextpnr)
    wanted = {"design": _design_hash(documents), "seeds": list(seeds) if placing else []}
    known = documents.synthesis or {}
    if not all(known.get(key) == value for key, value in wanted.items()):
        clock = documents.plan["clock_mhz"] if chosen.name == documents.plan["target"] else float(chosen.clock_mhz)
        result = _synthesize(folder, documents, chosen, clock, seeds, placing, progress)
        write_document(folder, synthesis_path(chosen.name), {**synthesis_document(result), **wanted})
    progress("writing the report")
    report = make_report(read_documents(folder, chosen.name))
    write_text(
        folder,
        "reports/report.json",
        json.dumps({"schema_version": SCHEMA_VERSION, **report.to_json()}, indent=2) + "\n",
    )
    write_text(folder, "reports/report.md", report_markdown(report))
    write_text(folder, "reports/report.html", report_html(report))
    return report


def _synthesize(
    folder: Path,
    documents: Documents,
    target: Target,
    clock: float,
    seeds: Sequence[int],
    pnr: bool,
    progress: Progress,
) -> SynthResult:
    from hwgen.synth.synthesize import synthesize

    progress(f"synthesizing for {target.name}" + (", then placing and routing" if pnr else ""))
    files = sorted((folder / "rtl").glob("*.v"))
    top = documents.manifest["top"]
    return synthesize(
        [f.absolute() for f in files], top, target, clock_mhz=clock, seeds=tuple(seeds), pnr=pnr, cwd=folder.absolute(),
        clock=CLOCK, reset=RESET,
    )  # fmt: skip


def synthesis_document(result: SynthResult) -> dict[str, Any]:
    """The document of a synthesis, as it lies in a bundle."""
    return {
        "schema_version": SCHEMA_VERSION,
        "target": result.target,
        "placed": result.placed,
        **asdict(result.resources),
        "fmax_mhz": result.fmax_mhz,
        "fmax_by_seed": {str(seed): fmax for seed, fmax in result.fmax_by_seed.items()},
        "cpu_seconds_by_seed": {str(seed): seconds for seed, seconds in result.cpu_seconds_by_seed.items()},
        "cells": dict(result.cells),
        "stages": {name: asdict(part) for name, part in result.parts.items()},
        "critical_path": [asdict(step) for step in result.critical_path],
        "versions": dict(result.versions),
    }


def _design_hash(documents: Documents) -> str:
    """Changes whenever the Verilog or the contents of a memory do."""
    hashes: Mapping[str, str] = documents.manifest["sha256"]
    design = {path: digest for path, digest in hashes.items() if path.startswith(("rtl/", "mem/"))}
    return hashlib.sha256(json.dumps(design, sort_keys=True).encode()).hexdigest()
