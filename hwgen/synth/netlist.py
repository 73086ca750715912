# SPDX-License-Identifier: Apache-2.0
"""A mapped netlist as Yosys and nextpnr write it in JSON: its cells, and which part of the design each belongs to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from hwgen.synth.cells import is_stateful

Module = Mapping[str, Any]
"""One module of the JSON: `cells` by name, each with `type`, `parameters`, `port_directions` and `connections`."""

PART_MARK = "part:"
"""What the `src` attribute of a cell begins with, before its part: the one attribute that all of synthesis hands on."""
GLUE = "-"
"""The part of cells that lie between the instances of a module."""


def cell_counts(module: Module) -> Counter[str]:
    """Cells of a module by type, without those that are only notes."""
    return Counter(cell["type"] for cell in module["cells"].values() if cell["type"] != "$scopeinfo")


def parts_of_cells(module: Module, parts: Iterable[str]) -> dict[str, str]:
    """For each cell of a flattened module the instance in `parts` that it came from, or GLUE.

    All but LUTs carry a mark from before the module was flattened. A LUT belongs to the marked cell that it feeds after
    the fewest cells, or to the one it comes from if it feeds none: at the border of two parts this is a convention.
    """
    known = tuple(parts)
    cells = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    owner = {name: part for name, cell in sorted(cells.items()) if (part := _own_part(name, cell, known)) is not None}
    return spread_parts(cells, owner, GLUE)


def spread_parts(cells: Mapping[str, Mapping[str, Any]], owner: Mapping[str, str], otherwise: str) -> dict[str, str]:
    """The owners given, and for every other cell that of the nearest cell it drives, or else that drives it.

    otherwise: the owner of cells that are connected to none.
    """
    found = dict(owner)
    drivers, sinks = _neighbours(cells)
    _spread(found, drivers)
    _spread(found, sinks)
    return {name: found.get(name, otherwise) for name in cells}


def _own_part(name: str, cell: Mapping[str, Any], parts: tuple[str, ...]) -> str | None:
    sources = cell.get("attributes", {}).get("src", "").split("|")
    marked = sorted({source.removeprefix(PART_MARK) for source in sources if source.startswith(PART_MARK)})
    if marked:
        return marked[-1]
    if not is_stateful(cell["type"]):
        return None
    return next((part for part in parts if name.startswith(f"{part}.")), None)


def _neighbours(cells: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The cells that drive each cell, and the cells that each cell drives."""
    driver_of: dict[int, str] = {}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"].get(port) == "output":
                driver_of |= {bit: name for bit in bits if isinstance(bit, int)}
    drivers: dict[str, set[str]] = {name: set() for name in cells}
    sinks: dict[str, set[str]] = {name: set() for name in cells}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"].get(port) == "input":
                for bit in bits:
                    if bit in driver_of:
                        drivers[name].add(driver_of[bit])
                        sinks[driver_of[bit]].add(name)
    return drivers, sinks


def _spread(owner: dict[str, str], towards: Mapping[str, set[str]]) -> None:
    """Give every cell without an owner that of the nearest cell that has one, walking `towards` from the owners."""
    pending = deque(sorted(owner))
    while pending:
        name = pending.popleft()
        for neighbour in sorted(towards[name]):
            if neighbour not in owner:
                owner[neighbour] = owner[name]
                pending.append(neighbour)
