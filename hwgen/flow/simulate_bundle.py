# SPDX-License-Identifier: Apache-2.0
"""Simulates a bundle on samples in the model's own terms, and keeps the result in the bundle."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hwgen.flow.samples import InputSpec, read_samples
from hwgen.progress import Progress, silent
from hwgen.reports.documents import SIMULATION, read_documents, write_document
from hwgen.simulation.result import SimResult
from hwgen.simulation.simulate import simulate
from onnx_frontend.host_boundary import HostBoundary

Backpressure = Literal["none", "random"]
BACKPRESSURE: tuple[Backpressure, ...] = ("none", "random")


@dataclass(frozen=True, eq=False)
class Simulated:
    """The result, and what was said about the samples on the way."""

    result: SimResult
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {"ok": self.result.passed, **self.result.to_json(), "notes": list(self.notes)}


def simulate_bundle(
    folder: Path,
    *,
    samples: int | None = None,
    inputs: Path | None = None,
    backpressure: Backpressure = "none",
    seed: int = 0,
    waves: bool = False,
    measure_raw: bool = False,
    progress: Progress = silent,
) -> Simulated:
    """Run the Verilog against the golden model; tolerance 0. The host's operators turn `inputs` into codes first.

    Without `inputs`: corners (all lowest, all highest, all zero points), then random codes from `seed`.
    """
    boundary = HostBoundary.from_json(read_documents(folder).manifest["host"])
    codes: Mapping[str, np.ndarray] | None = None
    notes: tuple[str, ...] = ()
    if inputs is not None:
        specs = [InputSpec(t.name, t.shape, np.dtype(t.dtype)) for t in boundary.inputs]
        read = read_samples(inputs, specs)
        codes, notes = boundary.to_codes(read.arrays), read.notes
    result = simulate(
        folder, samples=samples, inputs=codes, backpressure=backpressure, seed=seed, waves=waves,
        measure_raw=measure_raw, inputs_name=str(inputs or ""), progress=progress,
    )  # fmt: skip
    write_document(folder, SIMULATION, result.to_json())
    return Simulated(result, notes)
