# SPDX-License-Identifier: Apache-2.0
"""``hwgen quantize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hwgen.commands.answer import print_json, progress
from hwgen.commands.options import AsJson, Shape, parse_shapes


def quantize(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="A float ONNX file.", show_default=False)],
    calib: Annotated[Path, typer.Option("--calib", metavar="X.npz", help="Typical inputs.", show_default=False)],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: MODEL.<style>.onnx.")] = None,
    style: Annotated[
        str, typer.Option(help="s8, u8s8-per-channel, s8-symmetric, s8-power-of-two or u8s8-qoperator.")
    ] = "s8",
    shape: Shape = None,
    as_json: AsJson = False,
) -> None:
    """Quantize a float model with onnxruntime's static quantizer.

    X.npz holds one array per graph input, samples along a new first axis.
    """
    from hwgen import api

    with progress() as say:
        result = api.quantize(model, calib, output, style=style, shapes=parse_shapes(shape), progress=say)
    if as_json:
        print_json(
            {"ok": True, "model": str(result.path), "style": result.style, "samples": result.samples,
             "notes": list(result.notes)}
        )  # fmt: skip
        return
    for note in result.notes:
        print(f"note: {note}")
    print(f"{result.path}: style {result.style}, calibrated on {result.samples} samples")
    print(f"next: hwgen check {result.path}")
