# SPDX-License-Identifier: Apache-2.0
"""``hwgen trace``."""

from __future__ import annotations

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
    parse_shapes,
)
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.flow.trace_node import NodeTrace, StageTrace, TensorTrace


def trace(
    model: Model,
    node: Annotated[
        str, typer.Argument(metavar="NODE", help="An ONNX node or tensor, or a stage.", show_default=False)
    ],
    target: Annotated[str, typer.Option(help="A name that `hwgen check` lists.")] = "ecp5-85k",
    clock: Annotated[float | None, typer.Option("--clock", metavar="MHZ", help="Default: the target's.")] = None,
    fps: Annotated[float | None, typer.Option("--fps", metavar="N", help="Plan as `hwgen build --fps N` does.")] = None,
    shape: Shape = None,
    start: From = None,
    stop: To = None,
    norm_error: NormError = None,
    as_json: AsJson = False,
) -> None:
    """Follow one tensor from its ONNX name to integers, rounding, folding, Verilog instance and memory rows."""
    from hwgen import api

    with progress() as say:
        found = api.trace(
            model, node, target=target, clock_mhz=clock, fps=None if fps is None else parse_number("--fps", fps),
            shapes=parse_shapes(shape), start=start, stop=stop,
            norm_error=parse_norm_error(norm_error), progress=say,
        )  # fmt: skip
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)


def _show(found: NodeTrace) -> None:
    print(found.place)
    for direction, tensors in (("in", found.inputs), ("out", found.outputs)):
        for tensor in tensors:
            print(f"  {direction:<4} {_tensor(tensor)}")
    if not found.stages:
        print("  runs on the host, or is folded into another node")
    for stage in found.stages:
        _show_stage(stage)


def _tensor(tensor: TensorTrace) -> str:
    shape = "x".join(map(str, tensor.shape)) if tensor.shape else "scalar"
    text = f"{tensor.name}: {shape}"
    if tensor.bits is not None:
        text += f", {'int' if tensor.signed else 'uint'}{tensor.bits}, scale {_few(tensor.scale)}, zero point {_few(tensor.zero_point)}"
    return text + (f", codes from {tensor.codes[0]} to {tensor.codes[1]}" if tensor.codes else "")


def _few(values: tuple) -> str:
    shown = ", ".join(f"{v:.9g}" for v in values[:3])
    return shown if len(values) <= 3 else f"{shown}, ... ({len(values)} channels)"


def _show_stage(stage: StageTrace) -> None:
    print(f"\nstage {stage.name}: {stage.operator} of {', '.join(stage.origin)}")
    low, high = stage.range
    print(f"  result    {'x'.join(map(str, stage.shape))}, from {low} to {high}: {stage.bits} bits")
    for staircase in stage.staircases[:2]:
        steps = ", ".join(f"{code} from {at} on" for at, code in staircase.first)
        print(
            f"  rounding  channel {staircase.channel}: {numbers.count(staircase.steps)} steps over {staircase.domain}: {steps}, ..."
        )
    if len(stage.staircases) > 2:
        print(f"            and {len(stage.staircases) - 2} more channels")
    fields = ", ".join(f"{k} {v}" for k, v in stage.folding.items())
    print(f"  folding   {fields}: {numbers.count(stage.cycles)} cycles a frame")
    print(f"            {stage.why}")
    print(f"  instance  {stage.instance}")
    for memory in stage.memories:
        rows = " ".join(row if len(row) <= 32 else f"{row[:14]}...{row[-14:]}" for row in memory.rows)
        print(f"  memory    {memory.file}: {memory.depth} rows of {memory.bits} bits, {memory.encoding}: {rows} ...")
