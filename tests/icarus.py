# SPDX-License-Identifier: Apache-2.0
"""Icarus Verilog is not asked for by the README, so tests that need it skip where it is not installed."""

from __future__ import annotations

import shutil

import pytest

requires_icarus = pytest.mark.skipif(
    shutil.which("iverilog") is None, reason="Icarus Verilog is not installed (apt-get install iverilog)"
)
