# SPDX-License-Identifier: Apache-2.0
"""What synthesis makes of the unit of one folding, inside the core that a user would get."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from hwgen.emit.emit import emit
from hwgen.flow.report_bundle import CLOCK, RESET
from hwgen.ir.graph import Graph, Node
from hwgen.kernels.base import Folding
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.rtl.build_top import build_top
from hwgen.synth.synthesize import synthesize
from hwgen.targets import Resources, Target


def mapped_unit(node: Node, folding: Folding, target: str, folder: Path, place: bool = False) -> Resources:
    """Cells of the unit, without queues and edges; place: as nextpnr packed them."""
    inputs = tuple(source for source in node.src if source.is_input)
    graph, device = Graph(inputs, {"y": node}), Target.named(target)
    plan = make_plan(graph, device, Goal(Fraction(1)), {node.name: folding})
    emit("core", plan, build_top(plan), {"host": {}, "host_operators": []}).write(folder / "core")
    files = sorted((folder / "core" / "rtl").glob("*.v"))
    found = synthesize(files, "core", device, clock_mhz=100, pnr=place, cwd=folder / "core", clock=CLOCK, reset=RESET)
    return found.parts[node.name]
