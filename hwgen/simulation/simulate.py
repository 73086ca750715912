# SPDX-License-Identifier: Apache-2.0
"""Simulates a bundle: its Verilog against its golden model, every bit and every cycle."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from hwgen.emit.stimulus import DEFAULT_SAMPLES, default_inputs
from hwgen.emit.vectors import make_vectors, ports_of
from hwgen.errors import UserError
from hwgen.ir.evaluate import evaluate
from hwgen.ir.graph import Graph
from hwgen.ir.serialize import read_graph
from hwgen.progress import Progress, silent
from hwgen.simulation.bench_run import BenchRun, Simulator
from hwgen.simulation.locate import Place, at_the_edge, first_place, locate
from hwgen.simulation.result import Compared, FirstWrong, SimResult

MANIFEST_SCHEMA = 1
WAVE_BEFORE, WAVE_AFTER = 2000, 200
"""Cycles in the waveform before and after the first wrong value."""
RATE_SECONDS = 1.0
"""For how long the raw design runs when rates are compared."""
_IN_WORDS = {
    "stuck": "no stream moved any more",
    "extra": "a beat too many",
    "tlast": "tlast on a wrong beat, or missing on the last one",
    "unstable": "an offered beat changed before it was taken",
    "not_quiet_in_reset": "tready or tvalid up during reset",
    "frame_error": "frame_error rose although every tlast was right",
    "tlast_not_noticed": "frame_error stayed down after a tlast in a wrong place",
}


def simulate(
    bundle_dir: Path,
    *,
    samples: int | None = None,
    inputs: Mapping[str, np.ndarray] | None = None,
    backpressure: Literal["none", "random"] = "none",
    seed: int = 0,
    waves: bool = False,
    simulator: Simulator = "verilator",
    measure_raw: bool = False,
    inputs_name: str = "",
    progress: Progress = silent,
) -> SimResult:
    """Runs the bundle in `bundle_dir`. Tolerance: none.

    inputs: integer codes per input, shape (samples, *shape), of which the first `samples` are used; without them
    corners and then random codes from `seed`, which also decides the pauses of `backpressure` "random". waves: leaves
    a waveform of the first wrong value or, if all is well, of the first frame. measure_raw: measures how fast the
    design alone runs under Verilator. inputs_name: file of the inputs, for the rerun command.
    Errors: UserError where the folder is not a bundle or the inputs do not fit it.
    """
    bundle = Path(bundle_dir).absolute()
    manifest, graph = read_manifest(bundle), read_graph(bundle)
    codes = _codes(manifest, graph, inputs, samples, seed)
    count = len(next(iter(codes.values())))
    run = BenchRun(bundle, _work_folder(bundle), manifest, count, simulator, progress)
    progress("computing golden results")
    _write_vectors(run, make_vectors(ports_of(manifest), codes, evaluate(graph, codes)))
    arguments = ["--backpressure", backpressure, "--seed", str(seed)]
    results = run.simulate(*arguments, expected_cycles=_expected_cycles(run, backpressure))
    place = first_place(run, results)
    wrong = (locate(run, graph, codes, place, arguments) or at_the_edge(run, results)) if place else None
    waveform = _waveform(run, arguments, wrong, place) if waves else None
    rates = _rates(run, results) if measure_raw else (results["cycles_per_second"], None)
    rerun = _rerun(
        bundle_dir, count if inputs is None or samples is not None else None, backpressure, seed, inputs_name
    )
    return _result(results, wrong, waveform, rates, rerun)


def read_manifest(bundle: Path) -> dict[str, Any]:
    """manifest.json of a bundle; UserError where there is none, or one of a newer hwgen."""
    try:
        manifest: dict[str, Any] = json.loads((bundle / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError.of(
            f"folder {bundle.name}", "it is not a bundle",
            found=getattr(error, "strerror", None) or str(error), expected="a folder that hwgen build has written",
            fix="hwgen build MODEL -o DIR",
        ) from error  # fmt: skip
    if manifest.get("schema_version", 0) > MANIFEST_SCHEMA:
        raise UserError.of(
            f"bundle {bundle.name}", "it was built by a newer hwgen",
            found=f"schema {manifest['schema_version']}", expected=f"schema {MANIFEST_SCHEMA} or older",
            fix="install a newer hwgen, or build the bundle again",
        )  # fmt: skip
    return manifest


def _codes(
    manifest: Mapping[str, Any], graph: Graph, inputs: Mapping[str, np.ndarray] | None, samples: int | None, seed: int
) -> dict[str, np.ndarray]:
    """Per input node name the codes to use, checked against the graph."""
    if samples is not None and samples < 1:
        raise UserError.of("--samples", "nothing to simulate", found=samples, expected="1 or more", fix="--samples 1")
    if inputs is None:
        return default_inputs(graph, samples or DEFAULT_SAMPLES, seed, _zero_points(manifest, graph))
    codes = {}
    for node in graph.inputs:
        values = next((inputs[name] for name in (node.name, node.tensor) if name in inputs), None)
        fits = values is not None and values.dtype.kind in "iu" and values.shape[1:] == node.type.shape and len(values)
        if values is None or not fits or values.min() < node.type.range.lo or values.max() > node.type.range.hi:
            found = "none" if values is None else f"{values.dtype} {values.shape}"
            raise UserError.of(
                f"input '{node.tensor or node.name}'", "its codes do not fit the design",
                found=found, expected=f"integers of shape (samples, {node.type})", fix="give one array per input",
            )  # fmt: skip
        codes[node.name] = values[:samples]
    return codes


def _zero_points(manifest: Mapping[str, Any], graph: Graph) -> dict[str, int]:
    """Per input node name the code of its real zero, where it has one for the whole tensor."""
    grids = manifest.get("host", {}).get("grids", {})
    zeros = {node.name: grids.get(node.tensor, {}).get("zero_point", ()) for node in graph.inputs}
    return {name: zero[0] for name, zero in zeros.items() if len(zero) == 1}


def _work_folder(bundle: Path) -> Path:
    """Where logs, vectors and waveforms of a simulation go."""
    work = bundle / "build" / "sim"
    try:
        (work / "vectors").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError.of(
            f"bundle {bundle.name}", "its folder cannot be written",
            found=error.strerror, expected="room for build/sim in it", fix="copy the bundle to a place of your own",
        ) from error  # fmt: skip
    return work


def _write_vectors(run: BenchRun, vectors: Mapping[str, bytes]) -> None:
    for name, data in vectors.items():
        (run.vectors / name).write_bytes(data)


def _expected_cycles(run: BenchRun, backpressure: str) -> int:
    """About how many cycles the bench will take, for the progress bar."""
    timing = run.manifest["timing"]
    frames = max(run.samples, timing["frames"] + 2) + run.samples * (2 if backpressure == "random" else 1) + 2
    return 4 * timing["latency"] + frames * timing["initiation_interval"]


def _waveform(run: BenchRun, arguments: list[str], wrong: FirstWrong | None, place: Place | None) -> str:
    """Runs again to dump the cycles around the first wrong value, or the first frame where all is well."""
    cycle = wrong.cycle if wrong else place.cycle if place else None
    begin, end = (0, run.manifest["timing"]["latency"] + WAVE_AFTER) if cycle is None else (
        max(0, cycle - WAVE_BEFORE), cycle + WAVE_AFTER
    )  # fmt: skip
    run.simulate(*arguments, "--waves", f"{begin}:{end}")
    return str((run.work / "bench.vcd").relative_to(run.bundle))


def _rates(run: BenchRun, results: Mapping[str, Any]) -> tuple[float, float]:
    """(bench, raw) cycles a CPU second, each over a run that is long enough to be measured."""
    timing = run.manifest["timing"]
    raw = run.raw_rate(int(run.raw_rate(50_000) * RATE_SECONDS) + 1)
    frames = int(raw * RATE_SECONDS / 2 / timing["initiation_interval"]) + timing["frames"] + 2
    long = run.simulate("--interval-frames", str(frames), "--last-phase", "1")
    return long["cycles_per_second"] or results["cycles_per_second"], raw


def _rerun(bundle: Path | str, samples: int | None, backpressure: str, seed: int, inputs_name: str) -> str:
    words = ["hwgen", "sim", str(bundle)]
    words += ["--inputs", inputs_name] if inputs_name else []
    words += ["--samples", str(samples)] if samples else []
    return shlex.join([*words, "--backpressure", backpressure, "--seed", str(seed), "--waves"])


def _result(
    results: Mapping[str, Any], wrong: FirstWrong | None, waveform: str | None, rates: tuple[Any, Any], rerun: str
) -> SimResult:
    breaches = [f"{_IN_WORDS.get(b['what'], b['what'])} (cycle {b['cycle']})" for b in results["breaches"]]
    return SimResult(
        samples=results["samples"],
        mismatches=results["mismatches"],
        cycles=results["cycles"],
        initiation_interval=Compared(**results["initiation_interval"]),
        latency=Compared(**results["latency"]),
        first_out=Compared(**results["first_out"]),
        cycles_per_second=rates[0],
        raw_cycles_per_second=rates[1],
        breaches=tuple(breaches),
        first_wrong=wrong,
        backpressure=results["backpressure"],
        seed=results["seed"],
        simulator=results["simulator"],
        rerun=rerun,
        waveform=waveform,
    )
