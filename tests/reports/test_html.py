# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

from hwgen.reports.html import report_html
from hwgen.reports.make_report import make_report
from hwgen.reports.markdown import report_markdown
from tests.reports.documents import STAGES, documents, manifest, synthesis

VOID = {"meta", "img", "br", "path", "rect"}


class _Balance(HTMLParser):
    """Notes tags that are closed in another order than they were opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open.pop() != tag:
            self.wrong.append(tag)


def test_the_page_loads_nothing() -> None:
    page = report_html(make_report(documents())).replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?://|\bsrc=|<link|@import|url\((?!#)", page)


def test_the_page_is_well_formed() -> None:
    balance = _Balance()
    balance.feed(report_html(make_report(documents())))
    assert (balance.open, balance.wrong) == ([], [])


def test_page_and_text_name_every_stage_and_the_users_nodes() -> None:
    report = make_report(documents())
    for text in (report_html(report), report_markdown(report)):
        for name, (_, origin, *_rest) in STAGES.items():
            assert name in text and origin in text


def test_names_from_the_model_cannot_become_markup() -> None:
    guilty = manifest() | {"name": "<script>alert(1)</script>"}
    assert "<script" not in report_html(make_report(replace(documents(), manifest=guilty)))


def test_a_report_without_measurements_has_dashes() -> None:
    report = make_report(replace(documents(), simulation=None, synthesis=None, exactness=None))
    assert "| LUT | 5,600 | – | – | 24,288 | 23 % |" in report_markdown(report)
    assert "not simulated yet" in report_html(report)


def test_a_missed_clock_is_marked() -> None:
    slow = make_report(replace(documents(), synthesis=synthesis() | {"fmax_mhz": 88.0}))
    assert '<b class="bad">88.0 MHz</b>' in report_html(slow)


def test_the_same_report_gives_the_same_bytes() -> None:
    assert report_html(make_report(documents())) == report_html(make_report(documents()))
