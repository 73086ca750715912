# SPDX-License-Identifier: Apache-2.0
"""``python -m benchmarks``: measured comparisons with other tools."""

from __future__ import annotations

from benchmarks.cli import main

if __name__ == "__main__":
    main()
