# SPDX-License-Identifier: Apache-2.0
"""From the documents of a bundle to its report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hwgen.reports.documents import Documents
from hwgen.reports.report import RESOURCES, ExactnessRow, LinkRow, Measure, PathStep, Report, StageRow
from hwgen.targets import Target

TIMES = ("initiation_interval", "latency", "first_out")


def make_report(documents: Documents) -> Report:
    """Predictions, measurements and their differences; pure."""
    manifest, plan = documents.manifest, documents.plan
    simulated, placed = documents.simulation or {}, documents.synthesis or {}
    target = Target.named(placed.get("target", plan["target"]))
    same_target = target.name == plan["target"]
    timing = {name: _timing(name, plan, simulated) for name in TIMES}
    interval = int(timing["initiation_interval"].measured or timing["initiation_interval"].predicted or 1)
    return Report(
        name=manifest["name"],
        target=target.name,
        clock_mhz=plan["clock_mhz"] if same_target else float(target.clock_mhz),
        versions={"hwgen": manifest["hwgen"], **manifest["versions"], **placed.get("versions", {})},
        timing=timing,
        area={name: Measure(plan["area"][name] if same_target else None, placed.get(name)) for name in RESOURCES},
        available={} if target.resources is None else {name: getattr(target.resources, name) for name in RESOURCES},
        fmax_mhz=placed.get("fmax_mhz"),
        macs=manifest.get("macs"),
        stages=_stages(documents, interval, same_target),
        between={name: _between(name, documents, same_target) for name in RESOURCES},
        links=_links(documents),
        ports=tuple(manifest["ports"]),
        host=tuple(manifest.get("host_operators", ())),
        path=_path(documents),
        exactness=_exactness(documents),
        oracle=(documents.exactness or {}).get("oracle", ""),
        simulated=documents.simulation,
        placed=documents.synthesis,
        notes=_notes(documents, target.name),
    )


def _timing(name: str, plan: Mapping[str, Any], simulated: Mapping[str, Any]) -> Measure:
    return Measure(plan["timing"][name], simulated.get(name, {}).get("measured"))


def _origins(documents: Documents) -> dict[str, tuple[tuple[str, ...], str]]:
    """Per stage the user's node names and tensor."""
    return {tap["name"]: (tuple(tap["origin"]), tap["tensor"]) for tap in documents.manifest["taps"]}


def _stages(documents: Documents, interval: int, same_target: bool) -> tuple[StageRow, ...]:
    origins = _origins(documents)
    measured = (documents.synthesis or {}).get("stages", {})
    rows = []
    for name, stage in documents.plan["stages"].items():
        origin, tensor = origins.get(name, ((), ""))
        cells = measured.get(name, {})
        rows.append(
            StageRow(
                name,
                stage["operator"],
                origin,
                tensor,
                stage["folding"]["form"],
                _folding(stage["folding"]),
                stage["why"],
                stage["cycles"]["worst"],
                stage["cycles"]["worst"] / interval,
                {key: Measure(stage["area"][key] if same_target else None, cells.get(key)) for key in RESOURCES},
            )
        )
    return tuple(rows)


def _between(name: str, documents: Documents, same_target: bool) -> Measure:
    """What the links take, and what was measured outside of all stages."""
    predicted = sum(link["area"][name] for link in documents.plan["links"]) if same_target else None
    if documents.synthesis is None:
        return Measure(predicted)
    parts = documents.synthesis["stages"]
    inside = sum(parts[stage][name] for stage in documents.plan["stages"] if stage in parts)
    return Measure(predicted, documents.synthesis[name] - inside)


def _folding(fields: Mapping[str, Any]) -> str:
    """The fields of a folding in words: lanes first, the form left out."""
    lanes = "+".join(str(n) for n in fields["lanes_in"]) or "0"
    rest = {k: v for k, v in fields.items() if k not in ("form", "lanes_in", "lanes_out")}
    return ", ".join([f"lanes {lanes} to {fields['lanes_out']}", *(f"{k} {_plain(v)}" for k, v in rest.items())])


def _plain(value: object) -> str:
    return "x".join(str(v) for v in value) if isinstance(value, list) else str(value)


def _links(documents: Documents) -> tuple[LinkRow, ...]:
    streams = (*documents.manifest["ports"], *documents.manifest["taps"])
    bits = {stream["name"]: stream["bits"] for stream in streams}
    rows = []
    for link in documents.plan["links"]:
        queue = link["queue"] or {}
        lanes = [link["lanes_source"], link["lanes_source"] // link["serialize"], link["lanes_sink"]]
        distinct = [n for k, n in enumerate(lanes) if k == 0 or n != lanes[k - 1]]
        rows.append(
            LinkRow(
                link["source"],
                link["sink"],
                "→".join(str(n) for n in distinct),
                bits.get(link["source"]),
                queue.get("depth"),
                queue.get("style", ""),
                link["area"]["luts"],
            )
        )
    return tuple(rows)


def _path(documents: Documents) -> tuple[PathStep, ...]:
    """The critical path, each step with the stage whose instance its cell or net lies in, else that of the step before."""
    origins, stage = _origins(documents), ""
    steps: list[PathStep] = []
    for step in (documents.synthesis or {}).get("critical_path", ()):
        stage = _stage_of(step["cell"], origins) or _stage_of(step["net"], origins) or stage
        origin = origins[stage][0] if stage else ()
        steps.append(PathStep(step["kind"], step["delay_ns"], step["cell"], step["net"], stage, origin))
    return tuple(steps)


def _stage_of(name: str, origins: Mapping[str, object]) -> str:
    """The first part of a hierarchical name that is a stage."""
    return next((part for part in name.split(".") if part in origins), "")


def _exactness(documents: Documents) -> tuple[ExactnessRow, ...]:
    """What `hwgen run` kept in the bundle, with the forms that the plan built."""
    stages, rows = documents.plan["stages"], []
    for node in (documents.exactness or {}).get("nodes", ()):
        built = stages[node["stage"]]["folding"]["form"] if node["form"] and node["stage"] in stages else node["form"]
        same = ("name", "op", "accumulator_bits", "proof", "compared", "different", "ties", "unexplained", "max_lsb")
        rows.append(
            ExactnessRow(
                **{name: node[name] for name in same},
                dialect=node["dialect"] or "",
                form=built or "",
                reference=(node["reference"] or {}).get("different"),
            )
        )
    return tuple(rows)


def _notes(documents: Documents, target: str) -> tuple[str, ...]:
    notes = []
    if documents.simulation is None:
        notes.append("not simulated yet: hwgen sim")
    if documents.synthesis is None:
        notes.append("not synthesized yet: hwgen report")
    elif documents.synthesis.get("fmax_mhz") is None:
        notes.append(f"no clock rate: {target} was synthesized, not placed and routed")
    if target != documents.plan["target"]:
        notes.append(f"planned for {documents.plan['target']}: no prediction for {target}")
    return tuple(notes)
