# SPDX-License-Identifier: Apache-2.0
"""A build with its folder on disk, and what there is to say about it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen.emit.bundle import check_place
from hwgen.pipeline import Built, Source, build
from hwgen.plan.choices import frames_per_second
from hwgen.plan.plan import Goal, Plan
from hwgen.progress import Progress, silent
from hwgen.targets import Target


@dataclass(frozen=True, eq=False)
class BuiltBundle:
    """A plan and the folder that holds its bundle."""

    folder: Path
    plan: Plan
    manifest: dict[str, Any]

    @property
    def frames_per_second(self) -> float:
        return float(frames_per_second(float(self.plan.target.clock_mhz), self.plan.timing.initiation_interval))

    def to_json(self) -> dict[str, Any]:
        plan, area = self.plan, self.plan.area
        return {
            "ok": True,
            "bundle": str(self.folder),
            "name": self.manifest["name"],
            "target": plan.target.name,
            "clock_mhz": float(plan.target.clock_mhz),
            "initiation_interval": plan.timing.initiation_interval,
            "latency": plan.timing.latency,
            "first_out": plan.timing.first_out,
            "frames_per_second": self.frames_per_second,
            "fits": plan.fits,
            "predicted": {"luts": area.luts, "ffs": area.ffs, "dsps": area.dsps, "brams": area.brams},
            "macs": self.manifest["macs"],
            "host": list(self.manifest["host_operators"]),
            "stages": [_stage(name, stage, plan) for name, stage in plan.stage_by_name.items()],
        }


def _stage(name: str, stage: Any, plan: Plan) -> dict[str, Any]:
    return {
        "name": name,
        "operator": stage.node.op.name,
        "origin": list(stage.node.origin),
        "form": stage.folding.form,
        "cycles": stage.cycles.worst,
        "luts": stage.area.luts,
        "ffs": stage.area.ffs,
        "dsps": stage.area.dsps,
        "brams": stage.area.brams,
        "why": stage.why,
    }


def build_bundle(
    source: Source, folder: Path, target: Target, goal: Goal, plan_json: str | None = None, progress: Progress = silent
) -> BuiltBundle:
    """Build and write; the folder appears whole or not at all, and an earlier bundle in its place is replaced."""
    check_place(folder)
    built: Built = build(source, target, goal, plan_json=plan_json, progress=progress)
    progress("writing the bundle")
    built.bundle.write(folder)
    return BuiltBundle(folder, built.plan, json.loads(built.bundle.files["manifest.json"]))
