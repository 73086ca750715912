# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from typing import Any

from hwgen.synth.netlist import GLUE, cell_counts, parts_of_cells


def _cell(kind: str, part: str | None = None, **pins: int) -> dict[str, Any]:
    """A cell whose pin `q` is its output."""
    return {
        "type": kind,
        "attributes": {"src": f"part:{part}|cells.v:1"} if part else {"src": "cells.v:1"},
        "connections": {pin: [bit] for pin, bit in pins.items()},
        "port_directions": {pin: "output" if pin == "q" else "input" for pin in pins},
    }


def _module(cells: dict[str, Any], netnames: dict[str, int] | None = None) -> dict[str, Any]:
    return {"cells": cells, "netnames": {name: {"bits": [bit]} for name, bit in (netnames or {}).items()}}


def test_logic_belongs_to_the_register_that_it_feeds():
    module = _module(
        {
            "first": _cell("TRELLIS_FF", "a", d=1, q=2),
            "near": _cell("LUT4", d=2, q=3),
            "far": _cell("LUT4", d=2, q=4),
            "between": _cell("LUT4", d=4, q=5),
            "second": _cell("TRELLIS_FF", "b", d=5, q=6),
            "third": _cell("TRELLIS_FF", GLUE, d=3, q=7),
        }
    )
    parts = parts_of_cells(module, ["a", "b"])
    assert (parts["near"], parts["far"], parts["between"]) == (GLUE, "b", "b")


def test_logic_that_feeds_an_output_belongs_where_it_comes_from():
    module = _module({"register": _cell("TRELLIS_FF", "a", d=1, q=2), "last": _cell("LUT4", d=2, q=3)})
    assert parts_of_cells(module, ["a"])["last"] == "a"


def test_a_register_without_a_mark_goes_by_the_deepest_name_of_its_output():
    module = _module({"q_TRELLIS_FF": _cell("TRELLIS_FF", d=1, q=2)}, {"b.i": 2, "a.memory.word": 2, "wire": 2})
    assert parts_of_cells(module, ["a", "b"])["q_TRELLIS_FF"] == "a"


def test_a_memory_without_a_mark_goes_by_its_own_name():
    module = _module({"a.words.0.0": _cell("DP16KD", d=1, q=2)})
    assert parts_of_cells(module, ["a", "b"])["a.words.0.0"] == "a"


def test_a_cell_connected_to_nothing_lies_between_the_parts():
    assert parts_of_cells(_module({"gnd": _cell("GND", q=1)}), ["a"])["gnd"] == GLUE


def test_notes_are_not_counted():
    module = _module({"note": _cell("$scopeinfo"), "x": _cell("LUT4", d=1, q=2), "y": _cell("LUT4", d=1, q=3)})
    assert cell_counts(module) == {"LUT4": 2}
