# SPDX-License-Identifier: Apache-2.0
"""``hwgen trace``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def trace(as_json: AsJson = False) -> None:
    """trace"""
