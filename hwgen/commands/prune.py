# SPDX-License-Identifier: Apache-2.0
"""``hwgen prune``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hwgen.commands.answer import console, print_json, progress, table
from hwgen.commands.options import AsJson, Model, parse_percent
from hwgen.reports import numbers

if TYPE_CHECKING:
    from hwgen.flow.prune_model import Pruned


def prune(
    model: Model,
    pattern: Annotated[str, typer.Option(metavar="PATTERN", help='N:M, "block RxC" or unstructured.')] = "2:4",
    sparsity: Annotated[
        float | None, typer.Option(metavar="PERCENT", help="Weights to drop, for the last two.")
    ] = None,
    calib: Annotated[Path | None, typer.Option("--calibration", metavar="X.npz", help="Typical inputs.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: MODEL.<pattern>.onnx.")] = None,
    as_json: AsJson = False,
) -> None:
    """Set the least weights of a quantized model to zero, in a pattern that saves cycles or area.

    Least by magnitude; with samples, by what they add to the outputs, and the change of the outputs is reported. There
    is no training: what accuracy is lost stays lost.
    """
    from hwgen import api

    share = None if sparsity is None else parse_percent("--sparsity", sparsity)
    with progress() as say:
        result = api.prune(model, output, pattern=pattern, sparsity=share, calibration=calib, progress=say)
    if as_json:
        print_json({"ok": True, **asdict(result), "model": str(result.path), "path": str(result.path)})
    else:
        _show(result)


def _show(result: Pruned) -> None:
    for note in result.notes:
        print(f"note: {note}, left as it is")
    rows = table("layer", "operator", "weights", "not zero before", "now", "")
    for layer in result.layers:
        share = numbers.percent(layer.kept / layer.weights)
        counts = (numbers.count(n) for n in (layer.weights, layer.kept_before))
        rows.add_row(layer.node, layer.op, *counts, f"{numbers.count(layer.kept)} ({share})", layer.skipped)
    console().print(rows)
    for output in result.outputs:
        print(
            f"{output.name}: mean change {output.mean:.3g}, largest {output.largest:.3g}, "
            f"the same largest entry in {numbers.percent(output.top1_agreement)}"
        )
    print(f"next: hwgen check {result.path}")
