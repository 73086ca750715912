# SPDX-License-Identifier: Apache-2.0
"""plan.json: the plan as people read and edit it. Foldings stand under their node's name; the rest follows from them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields

from hwgen.errors import IllegalFolding, UserError
from hwgen.ir.graph import Graph, Node
from hwgen.kernels.base import Folding
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.plan import Link, Plan, Stage
from hwgen.targets import Resources, Target

SCHEMA_VERSION = 1
_LANES = ("lanes_in", "lanes_out")


def plan_to_json(plan: Plan) -> str:
    """The whole plan. Only ``stages.<name>.folding`` is read back; everything else is derived and for information."""
    document = {
        "schema_version": SCHEMA_VERSION,
        "target": plan.target.name,
        "clock_mhz": float(plan.target.clock_mhz),
        "timing": asdict(plan.timing),
        "area": _area(plan.area),
        "units": {unit.name: {"operator": unit.operator} for unit in plan.units},
        "stages": {stage.name: _stage(stage) for stage in plan.stages},
        "links": [_link(link) for link in plan.links],
        "buffers": [],
    }
    return json.dumps(document, indent=2) + "\n"


def _area(area: Resources) -> dict[str, int]:
    return asdict(area)


def _stage(stage: Stage) -> dict[str, object]:
    return {
        "unit": stage.unit,
        "operator": stage.node.op.name,
        "folding": {"form": stage.folding.form, **asdict(stage.folding)},
        "cycles": asdict(stage.cycles),
        "area": _area(stage.area),
        "why": stage.why,
    }


def _link(link: Link) -> dict[str, object]:
    return {
        "source": link.source,
        "sink": link.sink,
        "operand": link.operand,
        "order": str(link.order),
        "lanes_source": link.lanes_source,
        "lanes_sink": link.lanes_sink,
        "serialize": link.serialize,
        "queue": asdict(link.queue) if link.queue else None,
        "area": _area(link.area),
    }


def foldings_from_json(text: str, graph: Graph, target: Target) -> dict[str, Folding]:
    """The foldings that an edited plan.json asks for, by node name.

    Lanes follow from the other fields and need not be edited along. Raises IllegalFolding, which lists the legal
    values, and UserError for a file of another kind or a newer schema. Reorders are planned anew.
    """
    document = _parse(text)
    nodes = graph.by_name
    chosen: dict[str, Folding] = {}
    for name, entry in document["stages"].items():
        if name in nodes:
            chosen[name] = _match(nodes[name], entry["folding"], target)
        elif entry.get("operator") != "Reorder":
            raise UserError.of(
                f"plan.json, stage '{name}'",
                "the model has no such node",
                found=name,
                expected="one of " + ", ".join(list(nodes)[:8]) + ", ...",
                fix="use a plan.json that was written for this model",
            )
    return chosen


def _parse(text: str) -> dict:
    try:
        document = json.loads(text)
        version = document["schema_version"]
        document["stages"].items()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError.of(
            "plan.json",
            "it is not a plan",
            found=f"{type(error).__name__}: {error}",
            expected="a plan.json written by `hwgen build`",
            fix="build without --plan once and edit the result",
        ) from error
    if version != SCHEMA_VERSION:
        raise UserError.of(
            "plan.json",
            "its schema is not known here",
            found=f"schema_version {version}",
            expected=f"schema_version {SCHEMA_VERSION}",
            fix="use the hwgen version that wrote it",
        )
    return document


def _match(node: Node, asked: dict[str, object], target: Target) -> Folding:
    """The one legal folding that agrees with `asked`; lanes decide only between otherwise equal ones."""
    legal = kernel_of(node).foldings(node, target)
    same = [f for f in legal if _agrees(f, asked, without=_LANES)]
    exact = [f for f in same if _agrees(f, asked, without=())]
    if len(same) == 1 or exact:
        return (exact or same)[0]
    raise IllegalFolding.of(
        f"plan.json, stage '{node.name}'",
        "this node cannot be folded so" if not same else "lanes are missing or wrong",
        found=str(asked),
        expected=_legal_values(same or legal),
        fix="choose values that appear together",
        node=node.name,
        op=node.op.name,
    )


def _agrees(folding: Folding, asked: dict[str, object], without: tuple[str, ...]) -> bool:
    have = {"form": folding.form, **asdict(folding)}
    return all(key in have and _plain(have[key]) == _plain(value) for key, value in asked.items() if key not in without)


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _legal_values(legal: list[Folding] | tuple[Folding, ...]) -> str:
    """Per form, the values that each field takes over all legal foldings."""
    lines = []
    for form in sorted({f.form for f in legal}):
        of_form = [f for f in legal if f.form == form]
        values = {
            field.name: sorted({str(getattr(f, field.name)) for f in of_form}, key=_by_number)
            for field in fields(of_form[0])
        }
        lines.append(f"form {form}: " + "; ".join(f"{name} in {{{', '.join(v)}}}" for name, v in values.items()))
    return " | ".join(lines)


def _by_number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.lstrip("-").isdigit() else (1 << 30, text)
