# SPDX-License-Identifier: Apache-2.0
"""Place and route with nextpnr from PyPI: what a mapped netlist takes of a device, and how fast it is there.

Figures come from the JSON report alone. What stands in the report is an estimate: the wheels carry the timing of the
fabric, of ECP5 DSP and RAM ports and of iCE40; delays inside a DSP block between its own registers are not in it.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from hwgen.errors import InternalError, PlanDoesNotFit, UserError
from hwgen.synth.netlist import Module
from hwgen.synth.pin_harness import INSTANCE
from hwgen.targets import Resources, Target
from hwgen.tools.process import ToolFailed, run_tool
from hwgen.tools.require import package_version, require_package

DEADLINE_SECONDS = 1800.0
_VERSION = "0.11.1.0.post826"
_OPTIONS = {"ecp5": ("--lpf-allow-unconstrained",), "ice40": ("--pcf-allow-unconstrained",)}
_GOWIN_PINS = {"clk": "H11", "rst": "T9", "d": "T7", "q": "T8"}
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
    """The result for one seed. used: cells by type, harness included. module: the placed netlist."""

    seed: int
    fmax_mhz: float
    used: Mapping[str, int]
    critical_path: tuple[PathStep, ...]
    module: Module


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
    """Place and route the JSON `netlist` of a design in its harness.

    Errors: ToolMissing, PlanDoesNotFit if nextpnr runs out of places, ToolFailed, UserError at the deadline.
    """
    distribution = nextpnr_distribution(target)
    tool = distribution.removeprefix("yowasp-").replace("-", "_")
    require_package(f"yowasp_{tool}", f"{distribution}=={_VERSION}", f"place and route for {target.name}")
    with tempfile.TemporaryDirectory(prefix="hwgen-") as name:
        folder = Path(name).resolve()
        (folder / "netlist.json").write_text(netlist)
        arguments = [
            *_device(target, folder),
            "--json",
            "netlist.json",
            "--report",
            "report.json",
            "--write",
            "placed.json",
        ]
        arguments += ["--freq", str(clock_mhz), "--seed", str(seed), "--timing-allow-fail"]
        command = [sys.executable, "-c", _RUNNER.format(tool=tool), *arguments]
        version = f"nextpnr ({distribution} {package_version(distribution)})"
        env = os.environ | {"TMPDIR": str(folder)}  # where the WebAssembly runtime leaves its files
        try:
            log = run_tool(command, tool=version, cwd=folder, env=env, deadline_seconds=deadline_seconds)
        except ToolFailed as failed:
            raise _too_full(target, failed) or failed from failed
        report = json.loads((folder / "report.json").read_text())
        placed = json.loads((folder / "placed.json").read_text())["modules"]
    return _placement(report, next(iter(placed.values())), seed, log)


def median_fmax(placements: Sequence[Placement]) -> float:
    """The median of the seeds, in MHz."""
    return float(median(placement.fmax_mhz for placement in placements))


def _device(target: Target, folder: Path) -> list[str]:
    if target.family.name != "gowin":
        return [*target.nextpnr, *_OPTIONS[target.family.name]]
    lines = (f'IO_LOC "{pin}" {place};\nIO_PORT "{pin}" IO_TYPE=LVCMOS33;\n' for pin, place in _GOWIN_PINS.items())
    (folder / "pins.cst").write_text("".join(lines))
    return [*target.nextpnr, "--vopt", "cst=pins.cst"]


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
