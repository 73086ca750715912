# SPDX-License-Identifier: Apache-2.0
"""``hwgen check``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def check(as_json: AsJson = False) -> None:
    """check"""
