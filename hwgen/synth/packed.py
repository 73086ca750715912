# SPDX-License-Identifier: Apache-2.0
"""Counting a mapped design per part: before packing, and as nextpnr packed it, without the harness around it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hwgen.synth.cells import resources_of
from hwgen.synth.netlist import GLUE, Module, parts_of_cells, spread_parts
from hwgen.synth.pin_harness import INSTANCE
from hwgen.synth.yosys import Synthesized
from hwgen.targets import Resources

_HARNESS = "(harness)"
_OURS = f"{INSTANCE}."
_PACKED_SUFFIX = re.compile(r"_(?:LC|DFFLC|CARRYTHRU|DSP|RAM|FEEDBACK)\Z")  # of iCE40


def mapped_resources(mapped: Synthesized, family: str) -> dict[str, Resources]:
    """What each instance of the design takes in cells of Yosys, and under GLUE what lies between them."""
    owners = parts_of_cells(mapped.design, mapped.parts)
    return _resources(owners, mapped.design["cells"], _all_parts(mapped, owners), family)


def packed_resources(placed: Module, mapped: Synthesized, family: str) -> dict[str, Resources]:
    """The same after packing. The sum of all parts is the design.

    A packed cell belongs where the cell that it is named after belongs. Cells that nextpnr adds, as at the ends of
    carry chains, belong to the part of the cells that they are connected to. Registers are counted before packing:
    an iCE40 logic cell may hold a LUT of the design and a register of the harness.
    """
    before = parts_of_cells(mapped.design, mapped.parts)
    cells = {name: cell for name, cell in placed["cells"].items() if not _is_route_through(name)}
    named = {name: part for name in sorted(cells) if (part := _part(name, before)) is not None}
    owners = {name: part for name, part in spread_parts(cells, named, _HARNESS).items() if part != _HARNESS}
    packed = _resources(owners, cells, _all_parts(mapped, before), family)
    registers = mapped_resources(mapped, family)
    return {part: replace(resources, ffs=registers.get(part, Resources()).ffs) for part, resources in packed.items()}


def _all_parts(mapped: Synthesized, owners: Mapping[str, str]) -> list[str]:
    return sorted({GLUE, *owners.values(), *mapped.parts})


def _resources(
    owners: Mapping[str, str], cells: Mapping[str, Mapping[str, Any]], parts: list[str], family: str
) -> dict[str, Resources]:
    counts: dict[str, Counter[str]] = {part: Counter() for part in parts}
    for name, part in owners.items():
        counts[part][cells[name]["type"]] += 1
    return {part: resources_of(family, count) for part, count in counts.items()}


def _is_route_through(name: str) -> bool:
    """On Gowin a register without logic takes a LUT as its way in; that LUT computes nothing."""
    return "passthrough_lut" in name


def _part(name: str, before: Mapping[str, str]) -> str | None:
    """The part of the cell a packed cell is named after; None for what nextpnr added."""
    if name.startswith("$PACKER"):  # the drivers of constants
        return GLUE
    if not name.startswith(_OURS):
        return None if name.startswith("$") else _HARNESS
    stem = name.removeprefix(_OURS)
    while stem:
        if (part := before.get(stem) or before.get(_PACKED_SUFFIX.sub("", stem))) is not None:
            return part
        stem, _, _ = stem.rpartition("$")
    return None
