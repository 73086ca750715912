# SPDX-License-Identifier: Apache-2.0
"""How numbers are written in reports and tables."""

from __future__ import annotations

from hwgen.reports.report import Measure


def count(value: float | None) -> str:
    """A whole number with thousands apart; a dash for what is not known."""
    return "–" if value is None else f"{value:,.0f}"


def percent(value: float | None, signed: bool = False) -> str:
    """A fraction in percent, one digit behind the point below ten."""
    if value is None:
        return "–"
    digits = 1 if abs(value) < 0.0995 else 0
    text = f"{100 * value:{'+' if signed else ''}.{digits}f} %"
    return "0 %" if text.lstrip("+-") == "0.0 %" else text


def rate(value: float) -> str:
    """Frames or cycles a second, three digits and a unit prefix."""
    for limit, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if value >= limit:
            return f"{value / limit:.3g}{unit}" if value / limit < 999.5 else f"{value / limit:.0f}{unit}"
    return f"{value:.3g}"


def duration(cycles: float | None, clock_mhz: float) -> str:
    """Cycles as a time at a clock."""
    if cycles is None:
        return "–"
    microseconds = cycles / clock_mhz
    return f"{microseconds:.3g} µs" if microseconds < 1000 else f"{microseconds / 1000:.3g} ms"


def error(measure: Measure) -> str:
    """How far a prediction is off, of what was measured."""
    if measure.error is None:
        return "–"
    return "exact" if measure.error == 0 else percent(measure.error, signed=True)
