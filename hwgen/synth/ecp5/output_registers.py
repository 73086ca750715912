# SPDX-License-Identifier: Apache-2.0
"""Moving registers behind ECP5 block RAMs into the RAM, which halves its clock-to-output delay.

Yosys leaves the second register of a memory in the fabric. Here a mapped netlist is rewritten: where every used output
of a DP16KD drives the plain register of one flip-flop and nothing else, the flip-flops go and the RAM registers its
output itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from hwgen.synth.netlist import Module

_WIDTH = 18
_PLAIN_FF = {"CEMUX": "1", "CLKMUX": "CLK", "LSRMUX": "LSR", "REGSET": "RESET"}
Cell = Mapping[str, Any]


def use_output_registers(module: Module) -> Module:
    """The module with the registers behind its DP16KDs inside them, wherever that changes nothing else."""
    cells: dict[str, Cell] = dict(module["cells"])
    uses = Counter(bit for cell in cells.values() for bits in cell["connections"].values() for bit in bits)
    uses.update(bit for port in module["ports"].values() for bit in port["bits"])
    registers = {
        cell["connections"]["DI"][0]: name
        for name, cell in cells.items()
        if cell["type"] == "TRELLIS_FF" and _plain(cell)
    }
    for name, cell in list(cells.items()):
        if cell["type"] == "DP16KD":
            _absorb(name, cells, registers, uses)
    return {**module, "cells": cells}


def _plain(register: Cell) -> bool:
    """Whether a flip-flop takes its input at every rising edge, without reset or enable."""
    parameters, connections = register["parameters"], register["connections"]
    # Yosys pads strings of zeros and ones with a space to tell them from numbers.
    settings = all(parameters.get(name, value).strip() == value for name, value in _PLAIN_FF.items())
    return settings and "DI" in connections and all(connections.get(pin, ["0"])[0] == "0" for pin in ("LSR", "M"))


def _absorb(name: str, cells: dict[str, Cell], registers: Mapping[Any, str], uses: Counter[Any]) -> None:
    """Absorb the registers of each port of the DP16KD `name`; in 36-bit mode those of the one read port, or none."""
    sides = {
        side: _registers_behind(cells[name], side, clock, cells, registers, uses) for side, clock in _ports(cells[name])
    }
    used = {side: found for side, found in sides.items() if found != {}}
    if _is_wide(cells[name]) and any(found is None for found in used.values()):
        return
    for side, found in used.items():
        if found is None:
            continue
        cell = cells[name]
        connections = dict(cell["connections"])
        for pin, register in found.items():
            connections[pin] = cells.pop(register)["connections"]["Q"]
        parameters = {**cell["parameters"], f"REGMODE_{side}": "OUTREG"}
        cells[name] = {**cell, "parameters": parameters, "connections": connections}


def _is_wide(ram: Cell) -> bool:
    """Whether a DP16KD is in its 36-bit mode, with one write port and one read port."""
    return int(str(ram["parameters"].get("DATA_WIDTH_A", "0")), 2) == 36


def _ports(ram: Cell) -> list[tuple[str, str]]:
    """(side, clock pin of its outputs) of a DP16KD. In 36-bit mode both sides are halves of the read port on clock B."""
    return [("A", "CLKB" if _is_wide(ram) else "CLKA"), ("B", "CLKB")]


def _registers_behind(
    ram: Cell, side: str, clock: str, cells: Mapping[str, Cell], registers: Mapping[Any, str], uses: Counter[Any]
) -> dict[str, str] | None:
    """The register behind each used output pin of one side; None if one of them is not a plain register of its own."""
    found = {}
    for index in range(_WIDTH):
        pin = f"DO{side}{index}"
        bit = next(iter(ram["connections"].get(pin, [])), None)
        if not isinstance(bit, int) or uses[bit] == 1:
            continue
        register = registers.get(bit)
        if register is None or uses[bit] != 2 or cells[register]["connections"]["CLK"] != ram["connections"].get(clock):
            return None
        found[pin] = register
    return found
