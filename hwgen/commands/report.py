# SPDX-License-Identifier: Apache-2.0
"""``hwgen report``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def report(as_json: AsJson = False) -> None:
    """report"""
