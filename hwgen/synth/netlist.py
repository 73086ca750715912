# SPDX-License-Identifier: Apache-2.0
"""A mapped netlist as Yosys and nextpnr write it in JSON: its cells, and which part of the design each belongs to."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from typing import Any

from hwgen.synth.cells import is_stateful

Module = Mapping[str, Any]
"""One module of the JSON: `cells` by name, each with `type`, `parameters`, `port_directions` and `connections`."""

Cell = Mapping[str, Any]

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
    known = frozenset(parts)
    cells = {name: cell for name, cell in module["cells"].items() if cell["type"] != "$scopeinfo"}
    part_of_bit = _part_of_bit(module, known)
    owner = {}
    for name, cell in sorted(cells.items()):
        part = _marked_part(cell) or (
            _named_part(name, cell, known, part_of_bit) if is_stateful(cell["type"]) else None
        )
        if part is not None:
            owner[name] = part
    return spread_parts(cells, owner, GLUE)


def spread_parts(cells: Mapping[str, Cell], owner: Mapping[str, str], otherwise: str) -> dict[str, str]:
    """The owners given, and for every other cell that of the nearest cell it drives, or else that drives it.

    otherwise: the owner of cells that are connected to none.
    """
    found = dict(owner)
    drivers, sinks = _neighbours(cells)
    _spread(found, drivers)
    _spread(found, sinks)
    return {name: found.get(name, otherwise) for name in cells}


def _marked_part(cell: Cell) -> str | None:
    sources = cell.get("attributes", {}).get("src", "").split("|")
    marked = sorted({source.removeprefix(PART_MARK) for source in sources if source.startswith(PART_MARK)})
    return marked[-1] if marked else None


def _named_part(name: str, cell: Cell, parts: frozenset[str], part_of_bit: Mapping[int, str]) -> str | None:
    """Registers that Yosys makes out of memories have no mark, but the memory's name or one of its signals' names."""
    if (part := _first_component(name)) in parts:
        return part
    bits = (bit for port, bits in cell["connections"].items() if _is_output(cell, port) for bit in bits)
    return next((part_of_bit[bit] for bit in bits if bit in part_of_bit), None)


def _part_of_bit(module: Module, parts: frozenset[str]) -> dict[int, str]:
    """The part that the deepest name of each signal lies in."""
    names = sorted(module.get("netnames", {}), key=lambda name: (name.count("."), name))
    inside = [(name, part) for name in names if (part := _first_component(name)) in parts]
    return {bit: part for name, part in inside for bit in module["netnames"][name]["bits"] if isinstance(bit, int)}


def _first_component(name: str) -> str:
    return name.split(".", 1)[0] if "." in name else ""


def _is_output(cell: Cell, port: str) -> bool:
    return bool(cell["port_directions"].get(port) == "output")


def _neighbours(cells: Mapping[str, Cell]) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """The cells that drive each cell, and the cells that each cell drives."""
    driver_of: dict[int, str] = {}
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if _is_output(cell, port):
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
