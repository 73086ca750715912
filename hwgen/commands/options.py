# SPDX-License-Identifier: Apache-2.0
"""Arguments and options that several commands share, and how their words become values."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from hwgen.errors import UserError

Word = TypeVar("Word", bound=str)
Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A quantized ONNX file.", show_default=False)]
BundleFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A folder that `hwgen build` wrote.", show_default=False)
]
AsJson = Annotated[bool, typer.Option("--json", help="Answer with one JSON document (docs/json.md).")]
Shape = Annotated[
    list[str] | None,
    typer.Option(
        "--shape", metavar="INPUT=1,16", help="Fix the symbolic axes of an input; once per input.", show_default=False
    ),
]
From = Annotated[str | None, typer.Option("--from", metavar="TENSOR", help="Start behind this tensor.")]
NormError = Annotated[
    float | None,
    typer.Option(
        "--norm-error", metavar="LSB", help="Most error of LayerNorm and RMSNorm before rounding; usually 0.01."
    ),
]
To = Annotated[str | None, typer.Option("--to", metavar="TENSOR", help="End with this tensor.")]


def parse_shapes(words: list[str] | None) -> dict[str, tuple[int, ...]]:
    """``INPUT=1,16`` words as shapes by input name."""
    shapes = {}
    for word in words or []:
        name, _, sizes = word.rpartition("=")
        try:
            shapes[name] = tuple(int(size) for size in sizes.split(","))
        except ValueError:
            name = ""
        if not name or min(shapes[name]) < 1:
            raise UserError.of(
                "--shape", "not a shape", found=word, expected="INPUT=1,16: an input's name and its sizes, each 1 or more",
                fix="name the input as the model does",
            )  # fmt: skip
    return shapes


def parse_percent(option: str, percent: float) -> Fraction:
    """A percentage above 0 and up to 100 as a fraction."""
    if not 0 < percent <= 100:
        raise UserError.of(
            option, "not a usable share", found=f"{percent:g} %", expected="more than 0 and at most 100 %",
            fix=f"{option} 80",
        )  # fmt: skip
    return parse_number(option, percent) / 100


def parse_number(option: str, value: float) -> Fraction:
    """A positive finite number, exactly as it was written in decimal."""
    if not 0 < value < float("inf"):
        raise UserError.of(
            option, "not a usable number", found=f"{value:g}", expected="a finite number above 0", fix=f"{option} 100"
        )
    return Fraction(repr(value))


def parse_norm_error(value: float | None) -> Fraction | None:
    """A bound of 2**-40 to 1: below it constants get longer than memories are filled with."""
    if value is None:
        return None
    bound = parse_number("--norm-error", value)
    if not Fraction(1, 1 << 40) <= bound <= 1:
        raise UserError.of(
            "--norm-error",
            "not a usable error",
            found=f"{value:g} LSB",
            expected="1e-12 to 1 LSB",
            fix="--norm-error 1e-7",
        )
    return bound


def one_of(option: str, value: str, known: tuple[Word, ...]) -> Word:
    """`value` if it is one of the `known` words."""
    for word in known:
        if word == value:
            return word
    raise UserError.of(option, "not a known word", found=value, expected=" or ".join(known), fix=f"{option} {known[0]}")
