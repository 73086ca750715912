# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.reports import numbers
from hwgen.reports.report import Measure


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (numbers.count(1234567), "1,234,567"),
        (numbers.count(None), "–"),
        (numbers.percent(0.0512), "5.1 %"),
        (numbers.percent(0.8512), "85 %"),
        (numbers.percent(0), "0 %"),
        (numbers.percent(-0.071, signed=True), "-7.1 %"),
        (numbers.rate(97656), "97.7 k"),
        (numbers.rate(999_900), "1000 k"),
        (numbers.rate(12.5), "12.5"),
        (numbers.rate(2.5e9), "2.5 G"),
        (numbers.duration(2210, 100.0), "22.1 µs"),
        (numbers.duration(1_000_000, 100.0), "10 ms"),
        (numbers.error(Measure(10, 10)), "exact"),
        (numbers.error(Measure(9, 10)), "-10 %"),
        (numbers.error(Measure(1, None)), "–"),
    ],
)
def test_numbers_are_written_for_people(written: str, expected: str) -> None:
    assert written == expected
