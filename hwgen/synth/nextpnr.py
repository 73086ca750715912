# SPDX-License-Identifier: Apache-2.0
"""Place and route with nextpnr from PyPI: what a mapped netlist takes of a device, and how fast it is there.

Figures come from the JSON report alone. What stands in the report is an estimate: the wheels carry the timing of the
fabric, of ECP5 DSP and RAM ports and of iCE40; delays inside a DSP block between its own registers are not in it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import resource
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from hwgen.errors import InternalError, PlanDoesNotFit, UserError
from hwgen.synth.netlist import Module
from hwgen.synth.pin_harness import INSTANCE
from hwgen.targets import Resources, Target
from hwgen.tools.cache import cached
from hwgen.tools.process import ToolFailed, run_tool
from hwgen.tools.require import package_version, require_package

DEADLINE_SECONDS = 4 * 3600.0
_VERSION = "0.11.1.0.post826"
_OPTIONS = {
    "ecp5": ("--lpf-allow-unconstrained",),
    "ice40": ("--pcf-allow-unconstrained",),
    "gowin": ("--vopt", "cst=pins.cst"),
}
_FILES = ("--json", "netlist.json", "--report", "report.json", "--write", "placed.json", "--timing-allow-fail")
_GOWIN_CST = "".join(
    f'IO_LOC "{pin}" {place};\nIO_PORT "{pin}" IO_TYPE=LVCMOS33;\n'
    for pin, place in {"clk": "H11", "rst": "T9", "d": "T7", "q": "T8"}.items()
)
_PLACEMENT = "placement.json.gz"
_FULL = re.compile(
    r"no BELs remaining|[Uu]nable to (?:find legal )?place|[Ff]ailed to place|[Uu]nable to route|out of range"
)
_RUNNER = "import sys, yowasp_{tool} as wheel; sys.exit(wheel.run_{tool}(sys.argv[1:]))"


@dataclass(frozen=True)
class PathStep:
    """A step of a path from register to register: its delay, kind (clk-to-q, routing, logic, setup), cell and net."""

    delay_ns: float
    kind: str
    cell: str
    net: str


@dataclass(frozen=True, eq=False)
class Placement:
    """The result for one seed. used: cells by type, harness included. module: the placed netlist. cpu_seconds: it took."""

    seed: int
    fmax_mhz: float
    used: Mapping[str, int]
    critical_path: tuple[PathStep, ...]
    module: Module
    cpu_seconds: float = 0.0


def nextpnr_distribution(target: Target) -> str:
    """The Python distribution that places for a target. UserError if there is none."""
    tools = {"ecp5": "ecp5", "ice40": "ice40", "gowin": "himbaechel-gowin"}
    if target.family.name not in tools:
        raise UserError.of(
            "place and route", "there is no open tool for this target",
            found=target.name, expected="a target of the families ecp5, ice40 or gowin",
            fix="leave place and route out: cells are counted all the same, timing is not known",
        )  # fmt: skip
    return f"yowasp-nextpnr-{tools[target.family.name]}"


def check_capacity(target: Target, needed: Resources) -> None:
    """PlanDoesNotFit if the mapped design needs more of something than the target has."""
    for name, part in needed.used(target).items():
        if part > 1:
            has = getattr(target.resources, name)
            raise PlanDoesNotFit.of(
                target.name, f"the design needs more {name} than the device has",
                found=f"{getattr(needed, name)} {name}", expected=f"at most {has}",
                fix="ask for a lower frame rate, or choose a larger target",
            )  # fmt: skip


def place_and_route(
    netlist: str, target: Target, *, clock_mhz: float, seed: int, deadline_seconds: float = DEADLINE_SECONDS
) -> Placement:
    """Place and route the JSON `netlist` of a design in its harness, unless the cache has its placement already.

    Errors: ToolMissing, PlanDoesNotFit if nextpnr runs out of places, ToolFailed, UserError at the deadline.
    """
    distribution = nextpnr_distribution(target)
    tool = distribution.removeprefix("yowasp-").replace("-", "_")
    require_package(f"yowasp_{tool}", f"{distribution}=={_VERSION}", f"place and route for {target.name}")
    version = f"nextpnr ({distribution} {package_version(distribution)})"
    options = [*target.nextpnr, *_OPTIONS[target.family.name], "--freq", str(clock_mhz), "--seed", str(seed)]
    command = [sys.executable, "-c", _RUNNER.format(tool=tool), *options, *_FILES]

    def make(folder: Path) -> None:
        (folder / "netlist.json").write_text(netlist)
        begin = _seconds_of_children()
        try:
            placement = _run_nextpnr(folder, command, version, seed, deadline_seconds)
        except ToolFailed as failed:
            raise _too_full(target, failed) or failed from failed
        _write(folder, replace(placement, cpu_seconds=round(_seconds_of_children() - begin, 1)))

    key = hashlib.sha256("\0".join([version, *command, netlist]).encode()).hexdigest()
    return _read(cached("placements", key, make))


def _run_nextpnr(folder: Path, command: Sequence[str], version: str, seed: int, deadline_seconds: float) -> Placement:
    """Runs `command` in a folder with a netlist and takes in what it leaves there."""
    (folder / "pins.cst").write_text(_GOWIN_CST)
    env = os.environ | {"TMPDIR": str(folder)}  # where the WebAssembly runtime leaves its files
    log = run_tool(command, tool=version, cwd=folder, env=env, deadline_seconds=deadline_seconds)
    report = json.loads((folder / "report.json").read_text())
    placed = json.loads((folder / "placed.json").read_text())["modules"]
    return _placement(report, _cells_alone(next(iter(placed.values()))), seed, log)


def _seconds_of_children() -> float:
    """Processor time of all child processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _write(folder: Path, placement: Placement) -> None:
    """Leaves the placement as all that is in a folder."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    (folder / _PLACEMENT).write_bytes(gzip.compress(json.dumps(asdict(placement)).encode()))


def _read(folder: Path) -> Placement:
    document = json.loads(gzip.decompress((folder / _PLACEMENT).read_bytes()))
    steps = tuple(PathStep(**step) for step in document["critical_path"])
    return Placement(**{**document, "critical_path": steps})


def _cells_alone(module: Module) -> Module:
    """What counting needs of a placed module: cells with their types and connections."""
    kept = ("type", "port_directions", "connections")
    return {"cells": {name: {key: cell[key] for key in kept} for name, cell in module["cells"].items()}}


def median_fmax(placements: Sequence[Placement]) -> float:
    """The median of the seeds, in MHz."""
    return float(median(placement.fmax_mhz for placement in placements))


def _too_full(target: Target, failed: ToolFailed) -> UserError | None:
    complaint = next(
        (line for line in failed.log.splitlines() if line.startswith("ERROR") and _FULL.search(line)), None
    )
    if complaint is None:
        return None
    return PlanDoesNotFit.of(
        target.name, "nextpnr found no place for the whole design",
        found=complaint.removeprefix("ERROR: "), expected="a place for every cell",
        fix="ask for a lower frame rate, or choose a larger target",
    )  # fmt: skip


def _placement(report: Mapping[str, Any], module: Module, seed: int, log: str) -> Placement:
    clocks = report["fmax"]
    if not clocks:
        raise InternalError(f"nextpnr reported no clock; the end of its log:\n{log[-2000:]}")
    used = {cell: count["used"] for cell, count in report["utilization"].items() if count["used"]}
    fmax = min(clock["achieved"] for clock in clocks.values())
    return Placement(seed, round(fmax, 2), used, _critical_path(report["critical_paths"]), module)


def _critical_path(paths: Sequence[Mapping[str, Any]]) -> tuple[PathStep, ...]:
    """The slowest path from a clock edge to the next edge of the same clock, without steps that take no time."""
    inside = [path["path"] for path in paths if path["from"] == path["to"] and path["from"] != "<async>"]
    slowest: Sequence[Mapping[str, Any]] = max(
        inside, key=lambda steps: sum(step["delay"] for step in steps), default=[]
    )
    return tuple(
        PathStep(round(step["delay"], 3), step["type"], _own(step["from"]["cell"]), _own(step.get("net", "")))
        for step in slowest
        if step["delay"] > 0
    )


def _own(name: str) -> str:
    """A name as the design itself knows it."""
    return name.removeprefix(f"{INSTANCE}.")
