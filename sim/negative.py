# SPDX-License-Identifier: Apache-2.0
"""The negative run: a design with one wrong bit. A bench that does not notice it proves nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

TRIES = 8


def flipped_copies(bundle: Path, memories: list[str], folder: Path) -> Iterator[str]:
    """Makes `folder` a place from which the design reads memories with one flipped bit; yields what was flipped.

    memories: $readmemh files, relative to the bundle, the most telling last. Each turn flips another bit, because
    a single one may lawfully change nothing, for example where it is rounded away.
    """
    for turn in range(TRIES):
        name = memories[-1 - turn % len(memories)]
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(bundle / "mem", folder / "mem")
        lines = (bundle / name).read_text(encoding="ascii").split()
        row = turn * 7 % len(lines)
        digit = turn % len(lines[row])
        flipped = lines[row][:digit] + f"{int(lines[row][digit], 16) ^ 1:x}" + lines[row][digit + 1 :]
        lines[row] = flipped
        (folder / name).write_text("\n".join(lines) + "\n", encoding="ascii")
        yield f"{name}, word {row}, digit {digit}"
