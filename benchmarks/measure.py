# SPDX-License-Identifier: Apache-2.0
"""From one node and its folding to a row: planned, written, simulated and synthesized as every design is.

What is measured is the whole core with its AXI4-Stream ports, weights and queue; the harness that holds its pins is not.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from benchmarks.row import Row
from hwgen.emit.emit import emit
from hwgen.flow.report_bundle import CLOCK, RESET
from hwgen.ir.graph import Graph, Node
from hwgen.kernels.base import Folding
from hwgen.kernels.catalog import kernel_of
from hwgen.plan.make_plan import make_plan
from hwgen.plan.plan import Goal
from hwgen.plan.supply import EdgeFolding
from hwgen.rtl.build_top import build_top
from hwgen.simulation.result import SimResult
from hwgen.simulation.simulate import simulate
from hwgen.synth.synthesize import SynthResult, synthesize
from hwgen.targets import Resources, Target

SAMPLES = 6
MOST_PART = Fraction(1)
"""Of LUTs and RAMs that a plan may use: whether a benchmark fits is not the question."""


def measure(
    name: str,
    node: Node,
    folding: Folding,
    target: Target,
    clock_mhz: float,
    seeds: Sequence[int],
    peer: Mapping[str, Any],
    *,
    unit_alone: bool = False,
) -> Row:
    """The row of `node` with one folding. seeds: of place and route, none to leave it out. unit_alone: leaves ports and
    queues out of the area."""
    with tempfile.TemporaryDirectory(prefix="hwgen-") as place:
        folder = Path(place) / "bundle"
        _write(node, folding, target, folder)
        seen = simulate(folder, samples=SAMPLES, simulator="icarus")
        pnr = bool(seeds) and bool(target.nextpnr)
        files = [file.absolute() for file in sorted((folder / "rtl").glob("*.v"))]
        taken = synthesize(
            files,
            "core",
            target,
            clock_mhz=clock_mhz,
            seeds=tuple(seeds),
            pnr=pnr,
            cwd=folder,
            clock=CLOCK,
            reset=RESET,
        )
    counted = taken.parts[node.name] if unit_alone else taken.resources
    columns = figures(taken, counted, target.family.name)
    return _row(name, target, columns, seen, tuple(seeds) if pnr else (), peer)


def _write(node: Node, folding: Folding, target: Target, folder: Path) -> None:
    graph = Graph((node.src[0],), {"y": node})
    cycles = kernel_of(node).cycles(node, folding).worst
    goal = Goal(Fraction(target.clock_mhz * 1_000_000, cycles), MOST_PART, MOST_PART)
    source = node.src[0]
    port = EdgeFolding((), folding.lanes_in[0])
    plan = make_plan(graph, target, goal, {node.name: folding, source.name: port})
    emit("core", plan, build_top(plan), {"host": {}, "host_operators": []}).write(folder)


def figures(taken: SynthResult, found: Resources, family: str) -> dict[str, Any]:
    """The columns of an area. found: what to count of it; carries are those of the whole."""
    carry4 = taken.cells.get("CARRY4", 0) + 2 * taken.cells.get("CARRY8", 0)
    return {
        "comb": found.luts if family == "ecp5" else None,
        "luts": None if family == "ecp5" else found.luts,
        "carry4": None if family == "ecp5" else carry4,
        "ffs": found.ffs,
        "dsps": found.dsps,
        "brams": found.brams,
        "fmax_mhz": taken.fmax_mhz,
    }


def _row(
    name: str,
    target: Target,
    columns: dict[str, Any],
    seen: SimResult,
    seeds: tuple[int, ...],
    peer: Mapping[str, Any],
) -> Row:
    return Row(
        name=name,
        family=target.family.name,
        **columns,
        initiation_interval=seen.initiation_interval.measured,
        first_out=seen.first_out.measured,
        latency=seen.latency.measured,
        exact=seen.passed,
        seeds=seeds,
        peer=peer,
    )
