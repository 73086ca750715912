# SPDX-License-Identifier: Apache-2.0
"""The report as one HTML page that loads nothing from anywhere."""

from __future__ import annotations

from hwgen.assets import render
from hwgen.reports import numbers
from hwgen.reports.figures import dataflow_svg
from hwgen.reports.report import RESOURCES, Measure, Report

RESOURCE_NAMES = {"luts": "LUT", "ffs": "FF", "dsps": "DSP", "brams": "RAM"}
TIME_NAMES = {"initiation_interval": "Initiation interval", "latency": "Latency", "first_out": "First output"}


def report_html(report: Report) -> str:
    """The whole page."""
    return render(
        "report/report.html.j2",
        report=report,
        graph=dataflow_svg(report),
        numbers=numbers,
        resources=RESOURCES,
        resource_names=RESOURCE_NAMES,
        time_names=TIME_NAMES,
        largest={name: _largest(report, name) for name in RESOURCES},
        path_ns=sum(step.delay_ns for step in report.path),
    )


def _largest(report: Report, resource: str) -> float:
    """The longest bar of a column; 1 where nothing uses the resource."""
    measures: list[Measure] = [*(stage.area[resource] for stage in report.stages), report.between[resource]]
    return max([1.0, *(v for m in measures for v in (m.predicted, m.measured) if v is not None)])
