# SPDX-License-Identifier: Apache-2.0
"""``hwgen build``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwgen.commands.answer import print_json, progress
from hwgen.commands.options import (
    AsJson,
    From,
    Model,
    NormError,
    Shape,
    To,
    parse_norm_error,
    parse_number,
    parse_percent,
    parse_shapes,
)
from hwgen.errors import UserError
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.flow.build_bundle import BuiltBundle


def build(
    model: Model,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: rtl_out/<model>.")] = None,
    target: Annotated[str, typer.Option(help="A name that `hwgen check` lists.")] = "ecp5-85k",
    clock: Annotated[float | None, typer.Option("--clock", metavar="MHZ", help="Default: the target's.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", metavar="N", help="Least area for N frames a second.")] = None,
    most: Annotated[bool, typer.Option("--max", help="The most frames a second that fit (default).")] = False,
    plan: Annotated[Path | None, typer.Option("--plan", metavar="plan.json", help="Take these foldings.")] = None,
    lut_limit: Annotated[float, typer.Option(metavar="PERCENT", help="Of the LUTs, at most.")] = 85,
    ram_limit: Annotated[float, typer.Option(metavar="PERCENT", help="Of the RAM, at most.")] = 90,
    dsp_limit: Annotated[float, typer.Option(metavar="PERCENT", help="Of the DSPs, at most.")] = 100,
    shape: Shape = None,
    start: From = None,
    stop: To = None,
    norm_error: NormError = None,
    as_json: AsJson = False,
) -> None:
    """Plan a design and write its bundle: Verilog, memories, a bench, the plan and a manifest."""
    from hwgen import api

    _one_goal(fps, most, plan)
    shares = (
        ("luts", "--lut-limit", lut_limit),
        ("brams", "--ram-limit", ram_limit),
        ("dsps", "--dsp-limit", dsp_limit),
    )
    with progress() as say:
        built = api.build(
            model, output, target=target, clock_mhz=clock, fps=None if fps is None else parse_number("--fps", fps),
            plan=plan, limits={name: parse_percent(option, percent) for name, option, percent in shares},
            shapes=parse_shapes(shape), start=start, stop=stop,
            norm_error=parse_norm_error(norm_error), progress=say,
        )  # fmt: skip
    if as_json:
        print_json(built.to_json())
    else:
        _show(built)


def _one_goal(fps: float | None, most: bool, plan: Path | None) -> None:
    asked = [
        name for name, given in (("--fps", fps is not None), ("--max", most), ("--plan", plan is not None)) if given
    ]
    if len(asked) > 1:
        raise UserError.of(
            "hwgen build", "these options contradict each other", found=" and ".join(asked),
            expected="one of --fps, --max and --plan", fix="leave the others out",
        )  # fmt: skip


def _show(built: BuiltBundle) -> None:
    plan, timing = built.plan, built.plan.timing
    clock = float(plan.target.clock_mhz)
    print(f"{built.folder}: {built.manifest['name']} for {plan.target.name} at {clock:g} MHz")
    print(
        f"  {numbers.rate(built.frames_per_second)} frames a second, one every {numbers.count(timing.initiation_interval)} cycles"
    )
    print(
        f"  latency {numbers.duration(timing.latency, clock)} ({numbers.count(timing.latency)} cycles), bottleneck {plan.bottleneck.name}"
    )
    print(f"  predicted: {_area(built)}")
    print(f"next: hwgen sim {built.folder}; hwgen report {built.folder}")


def _area(built: BuiltBundle) -> str:
    area, used = built.plan.area, built.plan.area.used(built.plan.target)
    names = (("luts", "LUT"), ("ffs", "FF"), ("dsps", "DSP"), ("brams", "RAM"))
    share = {name: f" ({numbers.percent(float(used[name]))})" if name in used else "" for name, _ in names}
    return ", ".join(f"{numbers.count(getattr(area, name))} {label}{share[name]}" for name, label in names)
