# SPDX-License-Identifier: Apache-2.0
"""The functions behind the commands, with plain arguments: paths, names and numbers.

Every function raises `hwgen.errors.UserError` for what is the caller's to fix, and takes a `progress` that is told
what is being done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from hwgen.errors import UserError
from hwgen.pipeline import Source
from hwgen.plan.plan import Goal
from hwgen.progress import Progress, silent
from hwgen.targets import Target

if TYPE_CHECKING:
    from hwgen.flow.build_bundle import BuiltBundle
    from hwgen.flow.check_model import ModelCheck
    from hwgen.flow.diagnose import Finding
    from hwgen.flow.prune_model import Pruned
    from hwgen.flow.quantize_model import Quantized
    from hwgen.flow.run_golden import Against, GoldenRun
    from hwgen.flow.simulate_bundle import Backpressure, Simulated
    from hwgen.flow.trace_node import NodeTrace
    from hwgen.reports.report import Report

AnyPath = str | PathLike[str]
Shapes = Mapping[str, tuple[int, ...]]
DEFAULT_TARGET = "ecp5-85k"


def check(
    model: AnyPath,
    *,
    shapes: Shapes | None = None,
    start: str | None = None,
    stop: str | None = None,
    norm_error: Fraction | float | None = None,
    progress: Progress = silent,
) -> ModelCheck:
    """What is in a model and which targets it fits; UserError with every blocker where it cannot be built."""
    from hwgen.flow.check_model import check_model

    return check_model(source_of(model, shapes, start, stop, norm_error), progress=progress)


def build(
    model: AnyPath,
    output: AnyPath | None = None,
    *,
    target: str = DEFAULT_TARGET,
    clock_mhz: float | None = None,
    fps: Fraction | float | None = None,
    plan: AnyPath | None = None,
    limits: Mapping[str, Fraction] | None = None,
    shapes: Shapes | None = None,
    start: str | None = None,
    stop: str | None = None,
    norm_error: Fraction | float | None = None,
    progress: Progress = silent,
) -> BuiltBundle:
    """Write the bundle of a model into `output` (default: ``rtl_out/<model>``).

    fps: the least area for so many frames a second; without it, the most frames that fit into `limits` (fractions of
    "luts", "brams", "dsps"). plan: an edited plan.json whose foldings are taken.
    """
    from hwgen.flow.build_bundle import build_bundle

    source = source_of(model, shapes, start, stop, norm_error)
    goal = Goal(
        None if fps is None else Fraction(fps),
        **{f"{k.removesuffix('s')}_fraction": v for k, v in (limits or {}).items()},
    )
    folder = Path("rtl_out") / source.name if output is None else Path(output)
    return build_bundle(source, folder, target_of(target, clock_mhz), goal, _read_plan(plan), progress)


def sim(
    bundle: AnyPath,
    *,
    samples: int | None = None,
    inputs: AnyPath | None = None,
    backpressure: Backpressure = "none",
    seed: int = 0,
    waves: bool = False,
    measure_raw: bool = False,
    progress: Progress = silent,
) -> Simulated:
    """Simulate the Verilog of a bundle against its golden model, every bit and every cycle.

    measure_raw: also time the design alone in Verilator, without the bench.
    """
    from hwgen.flow.simulate_bundle import simulate_bundle

    return simulate_bundle(
        Path(bundle), samples=samples, inputs=None if inputs is None else Path(inputs), backpressure=backpressure,
        seed=seed, waves=waves, measure_raw=measure_raw, progress=progress,
    )  # fmt: skip


def report(
    bundle: AnyPath,
    *,
    target: str | None = None,
    pnr: bool = True,
    seeds: Sequence[int] = (1,),
    progress: Progress = silent,
) -> Report:
    """Synthesize a bundle, place and route it where the target has open tools, and write its report."""
    from hwgen.flow.report_bundle import report_bundle

    return report_bundle(Path(bundle), target, pnr=pnr, seeds=seeds, progress=progress)


def doctor() -> list[Finding]:
    """Everything hwgen can use: what is there, in which version, and how to get what is missing."""
    from hwgen.flow.diagnose import diagnose

    return diagnose()


def run(
    model: AnyPath,
    inputs: AnyPath,
    output: AnyPath | None = None,
    *,
    compare: Against = "auto",
    shapes: Shapes | None = None,
    start: str | None = None,
    stop: str | None = None,
    norm_error: Fraction | float | None = None,
    progress: Progress = silent,
) -> GoldenRun:
    """The golden outputs for the samples of an npz file, and their distance to another engine node by node."""
    from hwgen.flow.run_golden import run_golden

    source = source_of(model, shapes, start, stop, norm_error)
    return run_golden(source, Path(inputs), None if output is None else Path(output), compare, progress)


def trace(
    model: AnyPath,
    node: str,
    *,
    target: str = DEFAULT_TARGET,
    clock_mhz: float | None = None,
    fps: Fraction | float | None = None,
    shapes: Shapes | None = None,
    start: str | None = None,
    stop: str | None = None,
    norm_error: Fraction | float | None = None,
    progress: Progress = silent,
) -> NodeTrace:
    """One ONNX node or tensor, from its name in the file to its rows in the memories of the design."""
    from hwgen.flow.trace_node import trace_node

    goal = Goal(None if fps is None else Fraction(fps))
    return trace_node(
        source_of(model, shapes, start, stop, norm_error), node, target_of(target, clock_mhz), goal, progress
    )


def quantize(
    model: AnyPath,
    calibration: AnyPath,
    output: AnyPath | None = None,
    *,
    style: str = "s8",
    shapes: Shapes | None = None,
    progress: Progress = silent,
) -> Quantized:
    """The quantized form of a float model, by onnxruntime, calibrated on the samples of an npz file."""
    from hwgen.flow.quantize_model import quantize_model

    target = None if output is None else Path(output)
    return quantize_model(Path(model), Path(calibration), target, style, shapes, progress)


def prune(
    model: AnyPath,
    output: AnyPath | None = None,
    *,
    pattern: str = "2:4",
    sparsity: Fraction | float | None = None,
    calibration: AnyPath | None = None,
    progress: Progress = silent,
) -> Pruned:
    """A quantized model with its least weights set to zero: "N:M", or "block RxC" or "unstructured" and a `sparsity`."""
    from hwgen.flow.prune_model import prune_model

    target, samples = (None if path is None else Path(path) for path in (output, calibration))
    share = None if sparsity is None else Fraction(sparsity)
    return prune_model(Path(model), pattern, target, samples, share, progress)


def source_of(
    model: AnyPath, shapes: Shapes | None, start: str | None, stop: str | None, norm_error: Fraction | float | None
) -> Source:
    """norm_error: LSB by which a LayerNorm or RMSNorm may be off before it is rounded, 1/100 where it is None."""
    return Source(Path(model), dict(shapes or {}), start, stop, None if norm_error is None else Fraction(norm_error))


def target_of(name: str, clock_mhz: float | None) -> Target:
    """The target of that name, at another clock than its own where one is asked for."""
    target = Target.named(name)
    if clock_mhz is None:
        return target
    if not 0 < clock_mhz <= 10_000:
        raise UserError.of(
            "--clock", "not a usable clock", found=f"{clock_mhz:g} MHz", expected="more than 0 and at most 10000 MHz",
            fix=f"--clock {target.clock_mhz}",
        )  # fmt: skip
    return replace(target, clock_mhz=int(clock_mhz) if clock_mhz == int(clock_mhz) else clock_mhz)


def _read_plan(path: AnyPath | None) -> str | None:
    if path is None:
        return None
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError.of(
            str(path), "the plan cannot be read", found=getattr(error, "strerror", None) or error,
            expected="a plan.json written by `hwgen build`", fix="check the path",
        ) from error  # fmt: skip
