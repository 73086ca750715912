# SPDX-License-Identifier: Apache-2.0
"""The report as Markdown, for reviews and logs."""

from __future__ import annotations

from hwgen.assets import render
from hwgen.reports import numbers
from hwgen.reports.html import RESOURCE_NAMES, TIME_NAMES
from hwgen.reports.report import RESOURCES, Report


def report_markdown(report: Report) -> str:
    """The whole document."""
    return render(
        "report/report.md.j2",
        report=report,
        numbers=numbers,
        resources=RESOURCES,
        resource_names=RESOURCE_NAMES,
        time_names=TIME_NAMES,
    )
