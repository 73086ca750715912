# SPDX-License-Identifier: Apache-2.0
"""da4ml, which writes constant matrices as adders: installed from PyPI into a folder of its own in the cache."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import figures
from hwgen.numerics.range import IntRange
from hwgen.synth.synthesize import synthesize
from hwgen.targets import Target
from hwgen.tools.cache import cached
from hwgen.tools.process import run_tool

VERSION = "0.6.0"
_SCRIPT = Path(__file__).with_name("da4ml_core.py")


def constant_matrix(
    matrix: np.ndarray, x: IntRange, cutoff: int, target: Target, clock_mhz: float, seeds: Sequence[int]
) -> dict[str, Any]:
    """The figures of y = W x with at most `cutoff` adders between registers. seeds: of place and route, none to leave it out."""
    with tempfile.TemporaryDirectory(prefix="hwgen-") as place:
        folder = Path(place)
        np.save(folder / "matrix.npy", matrix)
        told = _run([str(_SCRIPT), str(x.width), str(int(x.signed)), str(cutoff)], folder)
        files = [
            file for file in sorted((folder / "src").rglob("*.v")) if file.stem not in ("lookup_table", "peer_wrapper")
        ]
        pnr = bool(seeds) and bool(target.nextpnr)
        taken = synthesize(
            files, "peer", target, clock_mhz=clock_mhz, seeds=tuple(seeds), pnr=pnr, cwd=folder, clock="clk", reset=None
        )
    return {
        "name": f"da4ml {VERSION}, cutoff {cutoff}",
        **figures(taken, taken.resources, target.family.name),
        "initiation_interval": 1,
        "first_out": told["cycles"],
        "latency": told["cycles"],
        "exact": told["exact"],
    }


def _run(words: list[str], folder: Path) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(_installed())}
    log = run_tool([sys.executable, "-P", *words], tool="da4ml", cwd=folder, env=environment)
    answer: dict[str, Any] = json.loads(log.strip().splitlines()[-1])
    return answer


def _installed() -> Path:
    """The folder that da4ml is installed in, with what it needs."""

    def install(folder: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), f"da4ml=={VERSION}"]
        run_tool(pip, tool="pip", cwd=folder)

    return cached("peers", f"da4ml-{VERSION}", install)
