# SPDX-License-Identifier: Apache-2.0
"""``hwgen sim``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwgen.commands.answer import print_json, progress
from hwgen.commands.options import AsJson, BundleFolder, one_of
from hwgen.errors import UserError
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.flow.simulate_bundle import Backpressure, Simulated


def sim(
    folder: BundleFolder,
    samples: Annotated[int | None, typer.Option(metavar="N", help="Corners first, then random (default: 8).")] = None,
    inputs: Annotated[Path | None, typer.Option("--inputs", metavar="X.npz", help="Samples instead.")] = None,
    backpressure: Annotated[str, typer.Option(help="none or random: pauses on all streams.")] = "none",
    seed: Annotated[int, typer.Option(metavar="S", help="Of random inputs and pauses.")] = 0,
    waves: Annotated[bool, typer.Option("--waves", help="Keep a waveform around the first wrong value.")] = False,
    raw: Annotated[bool, typer.Option("--raw", help="Also time the design alone, without the bench.")] = False,
    as_json: AsJson = False,
) -> None:
    """Simulate a bundle's Verilog against its golden model: every bit, every cycle, tolerance 0."""
    from hwgen import api

    words: tuple[Backpressure, ...] = ("none", "random")
    pauses = one_of("--backpressure", backpressure, words)
    if samples is not None and inputs is not None:
        raise UserError.of(
            "hwgen sim", "these options contradict each other", found="--samples and --inputs",
            expected="one of them", fix="leave one out",
        )  # fmt: skip
    with progress() as say:
        done = api.sim(
            folder, samples=samples, inputs=inputs, backpressure=pauses, seed=seed, waves=waves,
            measure_raw=raw, progress=say,
        )  # fmt: skip
    if as_json:
        print_json(done.to_json())
    else:
        _show(done)
    if not done.result.passed:
        raise typer.Exit(1)


def _show(done: Simulated) -> None:
    result = done.result
    for note in done.notes:
        print(f"note: {note}")
    verdict = "PASS" if result.passed else "FAIL"
    speed = f" at {numbers.rate(result.cycles_per_second)} cycles a second" if result.cycles_per_second else ""
    print(
        f"{verdict}: {result.samples} samples, {result.mismatches} mismatches, {numbers.count(result.cycles)} cycles{speed} "
        f"({result.simulator}, backpressure {result.backpressure}, seed {result.seed})"
    )
    times = (
        ("initiation interval", result.initiation_interval),
        ("latency", result.latency),
        ("first output", result.first_out),
    )
    for name, cycles in times:
        mark = "" if cycles.equal else "   <- differs"
        print(
            f"  {name:<20} {numbers.count(cycles.measured)} cycles, predicted {numbers.count(cycles.predicted)}{mark}"
        )
    if result.raw_cycles_per_second is not None:
        print(f"  {'design alone':<20} {numbers.rate(result.raw_cycles_per_second)} cycles a second")
    for breach in result.breaches:
        print(f"  {breach}")
    if result.first_wrong is not None:
        print(f"  first wrong value: {result.first_wrong}")
    if result.waveform is not None:
        print(f"  waveform: {result.waveform}")
    if not result.passed:
        print(f"  again, with a waveform around it: {result.rerun}")
