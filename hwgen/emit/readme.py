# SPDX-License-Identifier: Apache-2.0
"""README.md of a bundle: how to simulate it, and which bit of which port means what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hwgen.assets import render
from hwgen.emit.vectors import StreamMap

SHOWN_PLACES = 4


@dataclass(frozen=True)
class PortText:
    """One port in words. places: (beat, lane, index in the tensor) of the first elements of a frame."""

    prefix: str
    direction: str
    tensor: str
    shape: str
    width: int
    lanes: int
    lane_bits: int
    bits: int
    signed: bool
    lo: int
    hi: int
    beats: int
    places: tuple[tuple[int, int, str], ...]
    meaning: str


def make_readme(manifest: Mapping[str, Any]) -> bytes:
    """The whole text, from the manifest alone."""
    ports = [_port(entry, manifest["host"].get("grids", {})) for entry in manifest["ports"]]
    return render("bundle/README.md.j2", manifest=manifest, ports=ports, timing=manifest["timing"]).encode()


def _port(entry: Mapping[str, Any], grids: Mapping[str, Any]) -> PortText:
    stream = StreamMap.of_manifest(entry)
    count = min(SHOWN_PLACES, stream.size)
    places = tuple(
        (
            n // stream.lanes,
            n % stream.lanes,
            f"[{', '.join(map(str, stream.index(n // stream.lanes, n % stream.lanes)))}]",
        )
        for n in range(count)
    )
    lo, hi = entry["range"]
    return PortText(
        stream.prefix, stream.direction, entry["tensor"], "x".join(map(str, stream.shape)), stream.width, stream.lanes,
        stream.lane_bits, stream.bits, stream.signed, lo, hi, stream.beats, places, _meaning(grids.get(entry["tensor"])),
    )  # fmt: skip


def _meaning(grid: Mapping[str, Any] | None) -> str:
    """The real number that a code stands for, in words."""
    if grid is None:
        return "an integer"
    if len(grid["scale"]) > 1 or len(grid["zero_point"]) > 1 or len(grid["offset"]) > 1:
        return f"scale * (code - zero_point) + offset with numbers for each index of axis {grid['axis']}; see manifest.json"
    scale, zero, offset = float(Fraction(grid["scale"][0])), grid["zero_point"][0], Fraction(grid["offset"][0])
    shifted = f"(code {'-' if zero >= 0 else '+'} {abs(zero)})" if zero else "code"
    return f"{scale!r} * {shifted}" + (f" + {float(offset)!r}" if offset else "")
