# SPDX-License-Identifier: Apache-2.0
"""``hwgen build``."""

from __future__ import annotations

from hwgen.commands.options import AsJson


def build(as_json: AsJson = False) -> None:
    """build"""
