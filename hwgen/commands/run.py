# SPDX-License-Identifier: Apache-2.0
"""``hwgen run``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def run(as_json: AsJson = False) -> None:
    """run"""
