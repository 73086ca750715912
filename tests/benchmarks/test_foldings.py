# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from benchmarks.foldings import PAGE, page


def test_the_page_says_what_the_laws_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m benchmarks.foldings"
