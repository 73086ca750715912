# SPDX-License-Identifier: Apache-2.0
"""``hwgen sim``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def sim(as_json: AsJson = False) -> None:
    """sim"""
