# SPDX-License-Identifier: Apache-2.0
"""``python -m hwgen``: the command line."""

from __future__ import annotations

from hwgen.cli import main

if __name__ == "__main__":
    main()
