# SPDX-License-Identifier: Apache-2.0
"""What a design takes of a target and how fast it is there, measured with Yosys and nextpnr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.synth.cells import resources_of
from hwgen.synth.netlist import cell_counts
from hwgen.synth.nextpnr import (
    DEADLINE_SECONDS,
    PathStep,
    Placement,
    check_capacity,
    median_fmax,
    nextpnr_distribution,
    place_and_route,
)
from hwgen.synth.outline import read_outline
from hwgen.synth.packed import mapped_resources, packed_resources
from hwgen.synth.pin_harness import pin_harness
from hwgen.synth.yosys import Synthesized, synthesize_cells
from hwgen.targets import Resources, Target
from hwgen.tools.process import log_tail
from hwgen.tools.require import package_version
from hwgen.tools.yosys import find_yosys


@dataclass(frozen=True, eq=False)
class SynthResult:
    """What was measured; the harness around the design is not in it.

    resources: of the whole design, after packing if `placed`, else counted in cells of Yosys. parts: the same by
    instance of the top module, and under "-" what lies between them; their sum is `resources`. cells: primitives by
    type, from Yosys. fmax_mhz: median of the seeds, None without place and route; fmax_by_seed: MHz;
    cpu_seconds_by_seed: of nextpnr. critical_path: of
    the seed at the median or the next slower one.
    """

    target: str
    placed: bool
    resources: Resources
    parts: Mapping[str, Resources]
    cells: Mapping[str, int]
    fmax_mhz: float | None
    fmax_by_seed: Mapping[int, float]
    cpu_seconds_by_seed: Mapping[int, float]
    critical_path: tuple[PathStep, ...]
    log: str
    versions: Mapping[str, str]


def synthesize(
    files: Sequence[Path],
    top: str,
    target: Target,
    *,
    clock_mhz: float,
    seeds: Sequence[int] = (1,),
    pnr: bool = True,
    cwd: Path,
    clock: str = "clk",
    reset: str | None = "rst",
    deadline_seconds: float = DEADLINE_SECONDS,
) -> SynthResult:
    """Synthesize the module `top` of the Verilog `files` for `target` and, if `pnr`, place it once per seed.

    clock, reset: names of those two ports of `top`. clock_mhz: what nextpnr aims at. cwd: the folder
    that memory files are relative to. deadline_seconds: for each run of a tool.
    Errors: ToolMissing, ToolFailed, PlanDoesNotFit; UserError at a deadline or if no place and route exists.
    """
    if pnr:
        nextpnr_distribution(target)
    family = target.family.name
    outline = read_outline(files, top, cwd)
    harness = pin_harness(top, outline.ports, clock, reset) if pnr else None
    mapped = synthesize_cells(files, top, outline, family, cwd, harness=harness, deadline_seconds=deadline_seconds)
    cells = cell_counts(mapped.design)
    counted = resources_of(family, cells)
    if not pnr:
        return _result(target, mapped, counted, mapped_resources(mapped, family), [])
    check_capacity(target, counted)
    placements = [
        place_and_route(mapped.netlist, target, clock_mhz=clock_mhz, seed=seed, deadline_seconds=deadline_seconds)
        for seed in seeds
    ]
    parts = packed_resources(placements[0].module, mapped, family)
    return _result(target, mapped, sum(parts.values(), Resources()), parts, placements)


def _result(
    target: Target,
    mapped: Synthesized,
    resources: Resources,
    parts: Mapping[str, Resources],
    placements: Sequence[Placement],
) -> SynthResult:
    fmax = round(median_fmax(placements), 2) if placements else None
    at_median = max((p for p in placements if p.fmax_mhz <= (fmax or 0.0)), key=lambda p: p.fmax_mhz, default=None)
    yosys = find_yosys()
    versions = {yosys.distribution: yosys.version}
    if placements:
        distribution = nextpnr_distribution(target)
        versions[distribution] = package_version(distribution) or "unknown"
    return SynthResult(
        target=target.name,
        placed=bool(placements),
        resources=resources,
        parts=parts,
        cells=cell_counts(mapped.design),
        fmax_mhz=fmax,
        fmax_by_seed={placement.seed: placement.fmax_mhz for placement in placements},
        cpu_seconds_by_seed={placement.seed: placement.cpu_seconds for placement in placements},
        critical_path=at_median.critical_path if at_median else (),
        log=log_tail(mapped.log),
        versions=versions,
    )
